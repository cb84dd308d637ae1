import { randomUUID } from 'node:crypto';
import { AgentProblem, type AgentClient, type TurnEnd } from './agent-client.ts';
import { AgentProcess, type AgentCommand } from './agent-process.ts';
import { readJsonLines, type JsonObject } from './json-lines.ts';
import type { HeadlessQuirk, Seat } from './quirk.ts';

export interface HeadlessParts {
  readonly quirk: HeadlessQuirk;
  readonly seat: Seat;
  readonly command: Omit<AgentCommand, 'args'>;
  /** Whether the HOME has the file of a session. */
  readonly hasSession: (sessionId: string) => boolean;
  /** Called as soon as the session has a name. */
  readonly onSession: (sessionId: string) => Promise<void>;
}

/** An agent by its command line: a process for each turn, that says what it does in lines of JSON. */
export class HeadlessClient implements AgentClient {
  /** It decides by itself what it may do. */
  readonly isAsking = false;
  readonly #parts: HeadlessParts;
  #session: { readonly id: string; readonly isNew: boolean } = { id: '', isNew: true };
  #process: AgentProcess | null = null;
  /** Tool calls that have begun and not ended. */
  readonly #begun = new Set<string>();

  constructor(parts: HeadlessParts) {
    this.#parts = parts;
  }

  get toolsRunning(): number {
    return this.#begun.size;
  }

  async open(sessionId: string | null): ReturnType<AgentClient['open']> {
    if (sessionId !== null && this.#parts.hasSession(sessionId)) {
      this.#session = { id: sessionId, isNew: false };
      return { sessionId, lost: null };
    }
    const id = this.#parts.quirk.choosesId ? randomUUID() : '';
    this.#session = { id, isNew: true };
    const lost = sessionId === null ? null : `there is no file of session ${sessionId}`;
    return { sessionId: id === '' ? null : id, lost };
  }

  async prompt(text: string): Promise<TurnEnd> {
    const { quirk, seat, command } = this.#parts;
    const { id: sessionId, isNew } = this.#session;
    const args = quirk.args(seat, { sessionId, isNew });
    const running = new AgentProcess({ ...command, args });
    this.#process = running;
    running.stdin?.end(text);
    const told = await this.#listen(running);
    const exit = await running.exited;
    if (told.failed !== null) return { kind: 'failed', problem: told.failed };
    const isEnded = told.ended || (exit.kind === 'code' && exit.code === 0 && told.said !== null);
    if (isEnded) return { kind: 'ended', said: told.said ?? '' };
    throw new AgentProblem(running.endWords(exit));
  }

  cancel(): void {
    this.#process?.signal('SIGINT');
  }

  leave(): void {
    this.#process?.stdin?.end();
  }

  terminate(): void {
    this.#process?.signal('SIGTERM');
  }

  close(): void {
    this.#process?.letGo();
  }

  async #listen(
    running: AgentProcess,
  ): Promise<{ readonly said: string | null; readonly failed: string | null; readonly ended: boolean }> {
    const told: { said: string | null; failed: string | null; ended: boolean } = {
      said: null,
      failed: null,
      ended: false,
    };
    if (running.stdout === null) return told;
    const line = async (value: JsonObject): Promise<void> => {
      for (const read of this.#parts.quirk.read(value)) {
        if (read.kind === 'session') await this.#parts.onSession(read.id);
        if (read.kind === 'tool-began') this.#begun.add(read.id);
        if (read.kind === 'tool-ended') this.#begun.delete(read.id);
        if (read.kind === 'failed') told.failed = read.problem;
        if (read.kind === 'ended') told.ended = true;
        // What it goes on to say after a failure tells that it got over it.
        if (read.kind === 'said') told.failed = null;
        const said = read.kind === 'said' ? read.text : read.kind === 'ended' ? read.said : null;
        if (said !== null) told.said = said;
      }
    };
    const { output } = this.#parts.command;
    try {
      await readJsonLines(running.stdout, { line, junk: (junk) => output.write(`${junk.slice(0, 2000)}\n`) });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE') return told;
      running.signal('SIGTERM');
      throw error;
    }
    return told;
  }
}
