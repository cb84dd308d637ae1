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
  /** The states that go on from a state, which stands for a start of a string. */
  readonly children: (readonly Child[])[];
  /** The strings that end in a state. */
  readonly ends: (readonly number[])[];
}

interface Child {
  readonly symbol: number;
  readonly state: number;
}

function grow(literals: readonly string[], classes: Uint8Array, width: number): Trie {
  const statesMax = 1 + literals.reduce((sum, literal) => sum + literal.length, 0);
  const rows = new Int32Array(statesMax * width);
  const ends: number[][] = [[]];
  const children: Child[][] = [[]];
  for (const [index, literal] of literals.entries()) {
    let state = 0;
    for (let i = 0; i < literal.length; i++) {
      const code = literal.charCodeAt(i);
      const symbol = classes[code < 128 ? code : 128] ?? 0;
      const at = state * width + symbol;
      if (rows[at] === 0) {
        rows[at] = ends.push([]) - 1;
        children.push([]);
        children[state]?.push({ symbol, state: rows[at] });
      }
      state = rows[at] ?? 0;
    }
    ends[state]?.push(index);
  }
  return { children, ends };
}

/**
 * Completes the trie to an automaton, breadth first: a missing transition is that of the longest suffix. So a row is the
 * suffix's, which is complete by then, but for the children; copied at once, for this runs once and before it is compiled.
 */
function connect(
  { children, ends }: Trie,
  width: number,
): { readonly next: Int32Array; readonly found: readonly (readonly number[])[] } {
  const next = new Int32Array(ends.length * width);
  const suffix = new Int32Array(ends.length);
  const found = [...ends];
  const queue = [0];
  for (const state of queue) {
    const row = state * width;
    const other = (suffix[state] ?? 0) * width;
    if (other !== row) next.copyWithin(row, other, other + width);
    for (const child of children[state] ?? []) {
      const otherwise = ((next[row + child.symbol] ?? 0) & ~1) / width;
      suffix[child.state] = otherwise;
      const inherited = found[otherwise] ?? [];
      const own = found[child.state] ?? [];
      if (inherited.length > 0) found[child.state] = [...own, ...inherited];
      next[row + child.symbol] = child.state * width + (own.length + inherited.length > 0 ? 1 : 0);
      queue.push(child.state);
    }
  }
  return { next, found };
}
