import type { ToldCalls } from './files.ts';
import type { AdmittedItem } from './flash-item.ts';
import { PIECE_TOKENS } from './pieces.ts';
import { type Reading, Readings } from './readings.ts';
import { type ReadTexts } from './memory.ts';

/** About 50 MB with what was read out of them; more than two memories of 1,000,000 tokens. */
const CHARACTERS_MAX = 8_000_000;

/**
 * The texts of items and what was read out of them, kept so that a plan does not have to read them. A text is known by all of
 * its characters: whose item it is, and whether that has changed, makes no difference. Bounded: when the texts are too many,
 * all are forgotten, and the next plan reads what it needs.
 */
export class KnownTexts implements ReadTexts {
  readonly #most: number;
  readonly told: ToldCalls = new Map();
  #readings = new Readings();
  #known = newShelves();
  #characters = 0;

  constructor(most = CHARACTERS_MAX) {
    this.#most = most;
  }

  /** Of the plan or the text that is read next. */
  get readings(): Readings {
    return this.#readings;
  }

  /** How many characters are known. */
  get characters(): number {
    return this.#characters;
  }

  /** Forgets what is too much. Only between plans: a plan has the readings of its texts in hand. */
  tidy(): void {
    if (this.#characters <= this.#most) return;
    this.#readings = new Readings();
    this.#known = newShelves();
    this.told.clear();
    this.#characters = 0;
  }

  /** What is known of an item's text; its names are. */
  read(item: Pick<AdmittedItem, 'kind' | 'text'>): Reading {
    const shelf = this.#known[item.kind === 'call' || item.kind === 'result' ? item.kind : 'other'];
    const before = shelf.get(item.text);
    if (before !== undefined) return before;
    const reading = this.#readings.read(item);
    shelf.set(item.text, reading);
    this.#characters += item.text.length;
    return reading;
  }

  /** Reads all that a plan may ask of an item's text. */
  learn(item: Pick<AdmittedItem, 'kind' | 'text' | 'tokens'>): void {
    if (item.text.length > this.#most) return;
    this.tidy();
    const reading = this.read(item);
    this.#readings.linesOf(reading);
    if (item.tokens > PIECE_TOKENS) this.#readings.rowsOf(reading);
  }
}

type Shelves = Readonly<Record<'call' | 'result' | 'other', Map<string, Reading>>>;

function newShelves(): Shelves {
  return { call: new Map(), result: new Map(), other: new Map() };
}
