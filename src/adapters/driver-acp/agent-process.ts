import type { Output } from '../../log.ts';
import { exitWords, GroupProcess, type GroupCommand, type ProcessExit } from '../group-process.ts';
import { Tail } from '../output-tail.ts';

export interface AgentCommand extends Omit<GroupCommand, 'stdin'> {
  /** Where what it says on standard error goes. */
  readonly output: Output;
}

/** An agent's own process. */
export class AgentProcess extends GroupProcess {
  /** The end of what it said on standard error. */
  readonly #complaints = new Tail();

  constructor({ output, ...command }: AgentCommand) {
    super({ ...command, stdin: 'pipe' });
    // A program that ends without reading its input is told by its exit.
    this.stdin?.on('error', () => {});
    this.stderr?.on('data', (chunk: Buffer) => {
      this.#complaints.add(chunk);
      output.write(chunk);
    });
  }

  /** How it ended, and the last that it said, for people. */
  endWords(exit: ProcessExit): string {
    const said = this.#complaints.lastLines(3).join(' | ');
    return said === '' ? exitWords(exit) : `${exitWords(exit)}: ${said}`;
  }
}
