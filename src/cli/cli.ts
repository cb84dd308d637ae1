import { tolerateBrokenPipes } from './output.ts';
import { runProgram } from './program.ts';

const { stdin, stdout, stderr } = process;
const gone = tolerateBrokenPipes(stdout, stderr);
let isOver = false;
process.once('exit', () => {
  // Nothing is left to wait for, and yet the command has not said how it went.
  if (!isOver) process.exitCode ??= 1;
});
void runProgram(process.argv.slice(2), { stdin, stdout, stderr, gone }).then((exitCode) => {
  isOver = true;
  process.exitCode = exitCode;
});
