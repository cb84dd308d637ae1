import type { ExternalDriver } from '../../agent/agent.ts';
import type { WireProtocol } from '../../gateway/gateway.ts';
import { field, text, type Json } from '../../gateway/json.ts';

/** How an agent that others wrote differs from the next: everything that codeframe has to know of it, as data. */
export interface Quirk {
  /** The driver's name. */
  readonly name: ExternalDriver;
  readonly title: string;
  /** What does not work with it; null where everything does. */
  readonly experimental: string | null;
  readonly program: string;
  /** The oldest version that was tried. */
  readonly oldest: string;
  /** The command that brings it. */
  readonly install: string;
  /** Those that it speaks to its provider; the first where nothing tells. */
  readonly protocols: readonly WireProtocol[];
  /** The vendor of its own models; null when it has to be told a model. */
  readonly vendor: Vendor | null;
  /** How a person signs in, in words. */
  readonly signIn: string;
  /** Of the user's home: taken into the HOME of the agent where they are there; never part of a checkpoint. */
  readonly logins: readonly string[];
  /** As `logins`, for settings of the user's that the agent should have too. */
  readonly settings: readonly string[];
  /** Where its session is, within its HOME. A file, or a directory with all that is in it. */
  readonly sessionFiles: readonly SessionPlace[];
  /** What its processes get in their environment on top of what they inherit. */
  env(seat: Seat): Readonly<Record<string, string>>;
  /** Files of its HOME that codeframe writes before each start, by path. */
  files(seat: Seat): Readonly<Record<string, string>>;
  readonly acp: AcpQuirk | null;
  readonly headless: HeadlessQuirk | null;
}

export type Vendor = 'anthropic' | 'openai' | 'google';

export interface SessionPlace {
  readonly path: string;
  /** A database that may be written meanwhile: copied by SQLite itself. */
  readonly sqlite?: boolean;
  /** Only files with this ending. */
  readonly ending?: string;
}

/** Everything that the start of an agent depends on. */
export interface Seat {
  /** Its HOME, absolute. */
  readonly home: string;
  readonly projectDir: string;
  /** `http://127.0.0.1:PORT/<secret>` */
  readonly gatewayUrl: string;
  readonly mcpUrl: string;
  /** The agent's own program, absolute. */
  readonly program: string;
  readonly model: ChosenModel;
  /** What it is to give as its key, where that cannot be left to the environment that it inherits; `none` when there is none. */
  readonly key: string;
  /** Everything is allowed. */
  readonly allowAll: boolean;
  /** Everything is allowed but what `deny` names. */
  readonly allowOthers: boolean;
  /** Of rules and answers; for agents that ask nobody. */
  readonly allow: readonly string[];
  /** What it may not run, or only when a person has said so; for agents that ask nobody. */
  readonly deny: readonly string[];
}

/** The model that an agent is to use, and how it gets at it. */
export interface ChosenModel {
  /** Null: the agent's own choice. */
  readonly name: string | null;
  readonly vendor: Vendor | null;
  readonly protocol: WireProtocol;
  /** What goes as the key where a config needs one in writing: the name of its variable. Null: the agent's own login. */
  readonly keyVariable: string | null;
}

export interface AcpQuirk {
  /** Found on PATH; it is the agent's own program unless another one is told. */
  readonly program: string;
  readonly args: readonly string[];
  /** The mode to set in a new session, when everything is allowed. */
  readonly allowAllMode: string | null;
  /** More arguments, when everything is allowed. */
  readonly allowAllArgs?: readonly string[];
  /** The command that brings the program when it is another. */
  readonly install: string;
}

export interface HeadlessQuirk {
  /** The whole command line behind the program, which reads the prompt from standard input. */
  args(seat: Seat, turn: HeadlessTurn): readonly string[];
  /** Whether it takes the session's id from us (a UUID), or tells it. */
  readonly choosesId: boolean;
  /** What a line of its output says, in order; nothing for most. */
  read(line: Json): readonly HeadlessLine[];
}

export interface HeadlessTurn {
  /** Of the session to go on with, or for the new one; empty where the agent names it. */
  readonly sessionId: string;
  readonly isNew: boolean;
}

export type HeadlessLine =
  | { readonly kind: 'session'; readonly id: string }
  | { readonly kind: 'tool-began'; readonly id: string }
  | { readonly kind: 'tool-ended'; readonly id: string }
  | { readonly kind: 'said'; readonly text: string }
  | { readonly kind: 'failed'; readonly problem: string }
  | { readonly kind: 'ended'; readonly said: string | null };

/** What stands in a message, by the names on the way to it. */
export function fieldAt(value: Json, ...path: readonly string[]): Json {
  return path.reduce(field, value);
}

/** As `fieldAt`; null when it is no text. */
export function textField(value: Json, ...path: readonly string[]): string | null {
  return text(fieldAt(value, ...path));
}
