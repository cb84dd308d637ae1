import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { hasPipes, startFailure } from '../git-process.ts';
import type { StorePlace } from './store-place.ts';

export interface GitObject {
  readonly object: string;
  readonly type: string;
  readonly bytes: Buffer;
}

/**
 * Reads objects through one `git cat-file --batch` that stays until `close`. It keeps this process alive only while
 * something is asked of it.
 */
export class ObjectReader {
  readonly #place: StorePlace;
  #process: BatchProcess | undefined;

  constructor(place: StorePlace) {
    this.#place = place;
  }

  /** By object id, or a ref's full name; null when there is no such object, or git cannot read it. */
  async read(name: string): Promise<GitObject | null> {
    for (;;) {
      if (this.#process === undefined || this.#process.ended) this.#process = new BatchProcess(this.#place);
      const answer = await this.#process.read(name);
      if (answer !== 'again') return answer;
    }
  }

  async close(): Promise<void> {
    await this.#process?.close();
    this.#process = undefined;
  }
}

/** `again`: git ended while it was at another object. */
type Answer = GitObject | null | 'again';

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

class BatchProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting: Waiting[] = [];
  readonly #closed: Promise<void>;
  ended = false;
  #isClosing = false;
  /** What git is to be asked for once this turn is over: many names at once cost what one does. */
  #unsent = '';
  /** Bytes that have come and belong to no answer yet. */
  #chunks: Buffer[] = [];
  #length = 0;
  #header: { readonly object: string; readonly type: string; readonly size: number } | undefined;

  constructor(place: StorePlace) {
    this.#child = spawn('git', ['cat-file', '--batch'], { cwd: place.dir, env: place.env, stdio: 'pipe' });
    this.#child.on('error', (error) =>
      this.#end((waiting) => waiting.reject(startFailure(error, place.dir))),
    );
    if (!hasPipes(this.#child)) throw startFailure(new Error('too many files are open'), place.dir);
    this.#child.stdin.on('error', () => undefined);
    // What git cannot read it says there, and ends; whoever waits is answered with null, which names the object better.
    this.#child.stderr.resume();
    this.#child.stdout.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#closed = new Promise((resolve) => {
      this.#child.on('close', () => {
        // git ends at an object that is damaged in some ways: at the one that it was asked for first.
        this.#waiting.shift()?.resolve(null);
        this.#end((waiting) => waiting.resolve('again'));
        resolve();
      });
    });
    this.#hold(false);
  }

  read(name: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#waiting.length === 1) this.#hold(true);
      if (this.#unsent === '') process.nextTick(() => this.#send());
      this.#unsent += `${name}\n`;
    });
  }

  #send(): void {
    const names = this.#unsent;
    this.#unsent = '';
    if (names !== '') this.#child.stdin.write(names);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#hold(true);
    this.#send();
    this.#child.stdin.end();
    await this.#closed;
  }

  #hold(held: boolean): void {
    const verb = held ? 'ref' : 'unref';
    this.#child[verb]();
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) {
      // Pipes of a child are sockets, which the types do not say.
      (stream as unknown as { ref(): void; unref(): void })[verb]();
    }
  }

  #end(answer: (waiting: Waiting) => void): void {
    this.ended = true;
    for (const waiting of this.#waiting.splice(0)) answer(waiting);
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#header === undefined ? this.#takeHeader() : this.#takeBody(this.#header));
  }

  #takeHeader(): boolean {
    const bytes = this.#joined();
    const end = bytes.indexOf(10);
    if (end < 0) return false;
    this.#rest(bytes.subarray(end + 1));
    const [object = '', type = '', size] = bytes.toString('latin1', 0, end).split(' ');
    if (size === undefined) this.#answer(null);
    else this.#header = { object, type, size: Number(size) };
    return true;
  }

  #takeBody(header: { readonly object: string; readonly type: string; readonly size: number }): boolean {
    if (this.#length < header.size + 1) return false;
    const bytes = this.#joined();
    this.#rest(bytes.subarray(header.size + 1));
    this.#header = undefined;
    this.#answer({ object: header.object, type: header.type, bytes: bytes.subarray(0, header.size) });
    return true;
  }

  #joined(): Buffer {
    const [first] = this.#chunks;
    return this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
  }

  #rest(bytes: Buffer): void {
    this.#chunks = bytes.length === 0 ? [] : [bytes];
    this.#length = bytes.length;
  }

  #answer(object: Answer): void {
    this.#waiting.shift()?.resolve(object);
    // Who closes waits for the end: an answer that nobody waits for any more must not let this process end before.
    if (this.#waiting.length === 0 && !this.#isClosing) this.#hold(false);
  }
}
