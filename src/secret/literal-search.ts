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
  readonly children: (readonly number[])[];
  readonly ends: (readonly number[])[];
}

/** A state a prefix; a transition that is not there is 0. */
function grow(literals: readonly string[], classes: Uint8Array, width: number): Trie {
  const children: number[][] = [emptyRow(width)];
  const ends: number[][] = [[]];
  for (const [index, literal] of literals.entries()) {
    let state = 0;
    for (let i = 0; i < literal.length; i++) {
      const code = literal.charCodeAt(i);
      const own = code < 128 ? (classes[code] ?? 0) : 1;
      const row = children[state] ?? [];
      if ((row[own] ?? 0) === 0) {
        row[own] = children.length;
        children.push(emptyRow(width));
        ends.push([]);
      }
      state = row[own] ?? 0;
    }
    ends[state]?.push(index);
  }
  return { children, ends };
}

function emptyRow(width: number): number[] {
  return Array.from({ length: width }, () => 0);
}

/** Completes the trie to an automaton, breadth first: a missing transition is that of the longest suffix. */
function connect(
  { children, ends }: Trie,
  width: number,
): { readonly next: Int32Array; readonly found: readonly (readonly number[])[] } {
  const next = new Int32Array(children.length * width);
  const suffix = new Int32Array(children.length);
  const found = ends.map((list) => list);
  const queue = [0];
  for (const state of queue) {
    const base = (suffix[state] ?? 0) * width;
    for (let own = 0; own < width; own++) {
      const child = children[state]?.[own] ?? 0;
      const otherwise = state === 0 ? 0 : (next[base + own] ?? 0);
      next[state * width + own] = child === 0 ? otherwise : child;
      if (child === 0) continue;
      suffix[child] = otherwise;
      found[child] = [...(found[child] ?? []), ...(found[otherwise] ?? [])];
      queue.push(child);
    }
  }
  return { next: next.map((state) => state * width + ((found[state]?.length ?? 0) > 0 ? 1 : 0)), found };
}
