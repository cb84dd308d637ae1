/** Puts other JSON in place of some values of a JSON text. */
export interface Edit {
  readonly path: readonly (string | number)[];
  /** JSON itself. */
  readonly json: string;
}

/**
 * A JSON text with some values replaced and every other byte as it was: numbers, escapes, the order of fields and the
 * white space are the agent's. Where a field is there twice, both are replaced. A path that leads nowhere is left out.
 */
export function spliceJson(raw: string, edits: readonly Edit[]): string {
  const root = makeTree(edits);
  const cuts: Cut[] = [];
  const walk = new Walk(raw, cuts);
  walk.value(0, root);
  let spliced = '';
  let at = 0;
  for (const cut of cuts) {
    spliced += raw.slice(at, cut.from) + cut.json;
    at = cut.to;
  }
  return spliced + raw.slice(at);
}

interface Cut {
  readonly from: number;
  readonly to: number;
  readonly json: string;
}

/** What is to be replaced below a value. */
interface Tree {
  json: string | null;
  readonly below: Map<string, Tree>;
}

function makeTree(edits: readonly Edit[]): Tree {
  const root: Tree = { json: null, below: new Map() };
  for (const { path, json } of edits) {
    let tree = root;
    for (const key of path) {
      const next = tree.below.get(String(key)) ?? { json: null, below: new Map() };
      tree.below.set(String(key), next);
      tree = next;
    }
    tree.json = json;
  }
  return root;
}

const QUOTE = 34;
const COMMA = 44;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** Walks over text that is known to be JSON; answers where things end. Goes no deeper than the stack: bodies are parsed before. */
class Walk {
  readonly #raw: string;
  readonly #cuts: Cut[];

  constructor(raw: string, cuts: Cut[]) {
    this.#raw = raw;
    this.#cuts = cuts;
  }

  /** From before a value to behind it. */
  value(at: number, tree: Tree | undefined): number {
    const from = this.#skipSpace(at);
    const to = this.#insideOrOver(from, tree);
    if (tree !== undefined && tree.json !== null) this.#cuts.push({ from, to, json: tree.json });
    return to;
  }

  #insideOrOver(from: number, tree: Tree | undefined): number {
    if (tree === undefined || tree.below.size === 0) return this.#over(from);
    const first = this.#raw.charCodeAt(from);
    if (first === OPEN_OBJECT) return this.#object(from + 1, tree);
    return first === OPEN_LIST ? this.#list(from + 1, tree) : this.#over(from);
  }

  #object(from: number, tree: Tree): number {
    for (let at = this.#skipSpace(from); ;) {
      if (this.#raw.charCodeAt(at) === CLOSE_OBJECT || at >= this.#raw.length) return at + 1;
      const keyEnd = this.#string(at);
      const key = JSON.parse(this.#raw.slice(at, keyEnd)) as string;
      const colon = this.#skipSpace(keyEnd);
      at = this.#afterComma(this.value(colon + 1, tree.below.get(key)));
    }
  }

  #list(from: number, tree: Tree): number {
    let at = this.#skipSpace(from);
    for (let index = 0; ; index += 1) {
      if (this.#raw.charCodeAt(at) === CLOSE_LIST || at >= this.#raw.length) return at + 1;
      at = this.#afterComma(this.value(at, tree.below.get(String(index))));
    }
  }

  #afterComma(at: number): number {
    const next = this.#skipSpace(at);
    return this.#raw.charCodeAt(next) === COMMA ? this.#skipSpace(next + 1) : next;
  }

  /** Over a whole value without looking into it. */
  #over(from: number): number {
    let depth = 0;
    for (let at = from; at < this.#raw.length;) {
      const code = this.#raw.charCodeAt(at);
      if (code === QUOTE) at = this.#string(at);
      else {
        if (code === OPEN_OBJECT || code === OPEN_LIST) depth += 1;
        if (code === CLOSE_OBJECT || code === CLOSE_LIST) depth -= 1;
        if (depth < 0 || (depth === 0 && code === COMMA)) return at;
        at += 1;
      }
      if (depth === 0 && this.#isEnd(at, from)) return at;
    }
    return this.#raw.length;
  }

  /** Behind a string, an object or a list; a number or a word ends where something else begins. */
  #isEnd(at: number, from: number): boolean {
    const first = this.#raw.charCodeAt(from);
    if (first === QUOTE || first === OPEN_OBJECT || first === OPEN_LIST) return true;
    return !/[\w.+-]/.test(this.#raw[at] ?? '');
  }

  /** From the opening quote to behind the closing one. */
  #string(from: number): number {
    for (let at = this.#raw.indexOf('"', from + 1); at >= 0; at = this.#raw.indexOf('"', at + 1)) {
      let slashes = 0;
      while (this.#raw.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
      if (slashes % 2 === 0) return at + 1;
    }
    return this.#raw.length;
  }

  #skipSpace(from: number): number {
    let at = from;
    while (at < this.#raw.length && this.#raw.charCodeAt(at) <= 32) at += 1;
    return at;
  }
}
