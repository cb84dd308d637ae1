/** Finds many short strings in a text in one pass, whatever their number: upper and lower case of ASCII are the same. */
export interface LiteralSearch {
  /** Calls `visit` with the number of each string that occurs, and where it starts, in the order of their ends. */
  each(text: string, visit: (literal: number, at: number) => void): void;
}

/**
 * An automaton after Aho and Corasick (1975), with its transitions in one table. Every character that is in no string
 * is the class 0, and every one beyond ASCII the class 1.
 */
export function createLiteralSearch(literals: readonly string[]): LiteralSearch {
  const { classes, width } = classify(literals);
  const { next, found } = connect(grow(literals, classes, width), width);
  const lengths = literals.map((literal) => literal.length);
  return {
    each(text, visit) {
      // A state is the index of its row; odd where something ends there, so that most characters cost two look-ups.
      let state = 0;
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        state = next[(state & ~1) + (classes[code < 128 ? code : 128] ?? 0)] ?? 0;
        if ((state & 1) === 0) continue;
        for (const literal of found[(state - 1) / width] ?? [])
          visit(literal, i + 1 - (lengths[literal] ?? 0));
      }
    },
  };
}

function classify(literals: readonly string[]): { readonly classes: Uint8Array; readonly width: number } {
  const classes = new Uint8Array(129);
  let width = 2;
  classes[128] = 1;
  for (const literal of literals) {
    for (const character of literal.toLowerCase()) {
      const code = character.charCodeAt(0);
      if (code < 128 && classes[code] === 0) classes[code] = width++;
    }
  }
  for (let code = 65; code <= 90; code++) classes[code] = classes[code + 32] ?? 0;
  return { classes, width: width + (width % 2) };
}

interface Trie {
  /** A row of `width` a state, which stands for a start of a string; a transition that is not there is 0. */
  readonly rows: Int32Array;
  readonly states: number;
  /** The strings that end in a state. */
  readonly ends: (readonly number[])[];
}

function grow(literals: readonly string[], classes: Uint8Array, width: number): Trie {
  const statesMax = 1 + literals.reduce((sum, literal) => sum + literal.length, 0);
  const rows = new Int32Array(statesMax * width);
  const ends: number[][] = [[]];
  for (const [index, literal] of literals.entries()) {
    let state = 0;
    for (let i = 0; i < literal.length; i++) {
      const code = literal.charCodeAt(i);
      const at = state * width + (classes[code < 128 ? code : 128] ?? 0);
      if (rows[at] === 0) rows[at] = ends.push([]) - 1;
      state = rows[at] ?? 0;
    }
    ends[state]?.push(index);
  }
  return { rows, states: ends.length, ends };
}

/** Completes the trie to an automaton, breadth first: a missing transition is that of the longest suffix. */
function connect(
  { rows, states, ends }: Trie,
  width: number,
): { readonly next: Int32Array; readonly found: readonly (readonly number[])[] } {
  const next = rows.slice(0, states * width);
  const suffix = new Int32Array(states);
  const found = [...ends];
  const queue = [0];
  for (const state of queue) {
    const base = (suffix[state] ?? 0) * width;
    for (let own = 0; own < width; own++) {
      const child = rows[state * width + own] ?? 0;
      const otherwise = state === 0 ? 0 : (next[base + own] ?? 0);
      if (child === 0) {
        next[state * width + own] = otherwise;
        continue;
      }
      suffix[child] = otherwise;
      const inherited = found[otherwise] ?? [];
      if (inherited.length > 0) found[child] = [...(found[child] ?? []), ...inherited];
      queue.push(child);
    }
  }
  for (let at = 0; at < next.length; at++) {
    const state = next[at] ?? 0;
    next[at] = state * width + ((found[state]?.length ?? 0) > 0 ? 1 : 0);
  }
  return { next, found };
}
