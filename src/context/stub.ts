/** What a stub tells of the run of pieces that it stands for. */
export interface Outline {
  readonly recallId: string;
  readonly lines: number;
  readonly firstError: string | null;
  readonly names: readonly string[];
}

/** One line that stands where archived text stood: what it was, which names were in it, and how to get it back. */
export function renderStub(outline: Outline): string {
  const error = outline.firstError === null ? '' : `; error: ${outline.firstError}`;
  const names = outline.names.length === 0 ? '' : `; names: ${outline.names.join(' ')}`;
  return `[archived ${outline.recallId}, ${outline.lines} lines${error}${names}]`;
}

/** Tokens of a stub without its names. */
export const STUB_TOKENS = 14;

/** Inside a call's JSON the stub is part of a string. */
export function escapeStub(stub: string): string {
  return JSON.stringify(stub).slice(1, -1);
}

/** The first line that tells of a failure, shortened; null if there is none. */
export function firstErrorLine(text: string): string | null {
  const line = ERROR_LINE.exec(text)?.[0].trim().replaceAll(']', ')');
  return line === undefined ? null : wellFormed(line.slice(0, ERROR_CHARACTERS));
}

const ERROR_LINE = /^.*(?:\berror\b[:\s[]|Error:|\bFAIL\b|\bfailed\b|panic:|Traceback|fatal:|ERR!).*$/m;
const ERROR_CHARACTERS = 140;

function wellFormed(text: string): string {
  return text.replace(LONE_SURROGATE, '\ufffd');
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
