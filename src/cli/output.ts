import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';
export interface Styled {
  readonly text: string;
  readonly style: Style;
}
/** A line for people. Every part is cleaned of control characters when it is printed, whoever wrote it. */
export type Line = string | Styled | readonly (string | Styled)[];

export interface OutputOptions {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly json: boolean;
  readonly color: boolean;
  /** Aborted when nobody reads standard output any more (`| head`): what follows something ends then. */
  readonly gone: AbortSignal;
}

/** Where a command speaks: data on stdout, words about it on stderr; with --json one object a line on stdout. */
export class Output {
  readonly json: boolean;
  readonly #options: OutputOptions;

  readonly gone: AbortSignal;

  constructor(options: OutputOptions) {
    this.json = options.json;
    this.#options = options;
    this.gone = options.gone;
  }

  get isTerminal(): boolean {
    return this.#options.stdout.isTTY;
  }

  /** One piece of data: an object with --json, lines otherwise. */
  show(value: object, lines: () => readonly Line[]): void {
    if (this.json) this.#options.stdout.write(`${jsonLine(value)}\n`);
    else this.#print(this.#options.stdout, lines());
  }

  /** A list: an object a line with --json, one text otherwise. */
  showEach(values: readonly object[], lines: () => readonly Line[]): void {
    if (!this.json) this.#print(this.#options.stdout, lines());
    // At once: a write costs more than a line, and there may be 10,000.
    else this.#options.stdout.write(values.map((value) => `${jsonLine(value)}\n`).join(''));
  }

  /** Data for people, where there is another way to it with --json. */
  showLines(lines: readonly Line[]): void {
    this.#print(this.#options.stdout, lines);
  }

  /** Words about what is going on; nothing with --json. */
  note(...lines: readonly Line[]): void {
    if (!this.json) this.#print(this.#options.stderr, lines);
  }

  /** Progress and failures: an object on stdout with --json, lines on stderr otherwise. */
  tell(value: object, lines: () => readonly Line[]): void {
    if (this.json) this.#options.stdout.write(`${jsonLine(value)}\n`);
    else this.#print(this.#options.stderr, lines());
  }

  /** Takes the place of what was drawn before: for terminals only. */
  redraw(lines: readonly Line[]): void {
    const { stdout } = this.#options;
    const drawn = lines.map((line) => `${this.#render(line, stdout)}\u001b[K\n`).join('');
    stdout.write(`\u001b[H${drawn}\u001b[J`);
  }

  #print(stream: NodeJS.WriteStream, lines: readonly Line[]): void {
    if (lines.length > 0) stream.write(lines.map((line) => `${this.#render(line, stream)}\n`).join(''));
  }

  #render(line: Line, stream: NodeJS.WriteStream): string {
    if (typeof line === 'string') return clean(line);
    const parts = typeof line === 'object' && !('style' in line) ? line : [line];
    return parts.map((part) => this.#renderPart(part, stream)).join('');
  }

  #renderPart(part: string | Styled, stream: NodeJS.WriteStream): string {
    if (typeof part === 'string') return clean(part);
    return this.#options.color ? styleText(part.style, clean(part.text), { stream }) : clean(part.text);
  }
}

/** Keeps a reader that went away from being a failure, for help texts too; answers the signal that tells of it. */
export function tolerateBrokenPipes(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): AbortSignal {
  const controller = new AbortController();
  stdout.on('error', (error) => refuseOthers(stdout, error, () => controller.abort()));
  // Agents at work do not end because nobody watches them.
  stderr.on('error', (error) => refuseOthers(stderr, error, () => {}));
  return controller.signal;
}

function refuseOthers(
  { isTTY }: NodeJS.WriteStream,
  error: NodeJS.ErrnoException,
  whenBroken: () => void,
): void {
  // A terminal that was closed answers EIO; a run has to come to its stop all the same.
  if (error.code !== 'EPIPE' && !(isTTY && error.code === 'EIO')) throw error;
  whenBroken();
}

/**
 * Makes control characters visible, and with them those that turn text around or break lines: what agents, files and
 * models say must not drive the terminal that shows it.
 */
export function clean(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, visible);
}

function visible(character: string): string {
  if (character === '\n') return String.raw`\n`;
  if (character === '\t') return String.raw`\t`;
  const code = character.charCodeAt(0).toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`;
}

/** JSON leaves the characters between DEL and U+009F as they are, and terminals obey some of them. */
function jsonLine(value: object): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Text of many lines, e.g. a task's details, as lines with an indent. */
export function indented(text: string, indent = '  '): readonly string[] {
  return text.split('\n').map((line) => indent + line);
}
