import { tolerateBrokenPipes } from './output.ts';
import { runProgram } from './program.ts';

const { stdin, stdout, stderr } = process;
const gone = tolerateBrokenPipes(stdout, stderr);
process.exitCode = await runProgram(process.argv.slice(2), { stdin, stdout, stderr, gone });
