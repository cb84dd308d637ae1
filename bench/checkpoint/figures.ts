/** Times of one kind of work, in ms; the least is taken, since everything else on the machine only adds to it. */
export class Times {
  readonly #times: number[] = [];

  async add<T>(work: () => T | Promise<T>): Promise<T> {
    const began = performance.now();
    const done = await work();
    this.#times.push(performance.now() - began);
    return done;
  }

  note(ms: number): void {
    this.#times.push(ms);
  }

  get best(): number {
    return Math.min(...this.#times);
  }
}

/** One line: what, the figure, what it is compared with, their ratio and the goal. */
export function sayRatio(
  what: string,
  figures: { readonly ours: number; readonly theirs: number; readonly unit: string; readonly goal: number },
): void {
  const { ours, theirs, unit, goal } = figures;
  const ratio = ours / theirs;
  const verdict = ratio <= goal ? 'met' : 'missed';
  say(
    what,
    `${ours.toFixed(0)} against ${theirs.toFixed(0)} ${unit}: ${ratio.toFixed(2)} x (goal ${goal} x: ${verdict})`,
  );
}

export function sayLimit(
  what: string,
  figures: { readonly ours: number; readonly unit: string; readonly goal: number },
): void {
  const { ours, unit, goal } = figures;
  say(what, `${ours.toFixed(0)} ${unit} (goal ${goal} ${unit}: ${ours <= goal ? 'met' : 'missed'})`);
}

export function say(what: string, value: string): void {
  process.stdout.write(`${what.padEnd(52)}${value}\n`);
}
