import { CodeframeError } from '../failure.ts';
import { sha256 } from './manifest.ts';

/**
 * What stands before the git bundle in an export: two lines.
 *
 *     codeframe-export 1 <sha256 of the second line, its line feed included>
 *     {"projectId":"p…", … ,"bundle":{"bytes":81234,"sha256":"…"}}
 *
 * So every byte of the file is hashed, or compared.
 */
export interface ExportHeader {
  readonly projectId: string;
  readonly projectName: string;
  readonly checkpointId: string;
  readonly commit: string;
  /** Of the rows: the number of the newest migration. */
  readonly schema: number;
  readonly program: string;
  /** ISO 8601. */
  readonly exportedAt: string;
  /** What the project's config says, for a checkpoint that does not cover it. */
  readonly config: unknown;
  /** The rest of the file. */
  readonly bundle: { readonly bytes: number; readonly sha256: string };
}

/** The newest format that this program reads. */
export const exportVersion = 1;

/** A first line is no longer, and a header neither: whatever is read to find the end is bounded. */
export const firstLineMax = 100;
export const headerBytesMax = 1024 * 1024;

export function encodeExportHeader(header: ExportHeader): Uint8Array {
  const line = Buffer.from(`${JSON.stringify(header)}\n`);
  return Buffer.concat([Buffer.from(`codeframe-export ${exportVersion} ${sha256(line)}\n`), line]);
}

/**
 * The header at the start of a file's bytes, and where the rest starts. Throws `corrupt-export` with the part that is
 * not right, and `export-newer`.
 */
export function parseExportHeader(
  path: string,
  start: Uint8Array,
): { readonly header: ExportHeader; readonly length: number } {
  const bytes = Buffer.from(start);
  const first = /^codeframe-export (\d{1,9}) ([0-9a-f]{64})\n/.exec(
    bytes.toString('latin1', 0, firstLineMax),
  );
  if (first === null) throw corruptExport(path, 'its first line', 'it is no export of codeframe');
  const [line, version = '', hash] = first;
  if (Number(version) > exportVersion) {
    throw new CodeframeError({ code: 'export-newer', path, found: Number(version), known: exportVersion });
  }
  if (version !== String(exportVersion))
    throw corruptExport(path, 'its first line', `there is no format ${version}`);
  const end = bytes.indexOf(10, line.length);
  if (end < 0) throw corruptExport(path, 'its header', 'it is cut off');
  const header = bytes.subarray(line.length, end + 1);
  if (sha256(header) !== hash) throw corruptExport(path, 'its header', 'it is not what its hash says');
  return { header: parseHeader(path, header), length: end + 1 };
}

export function corruptExport(path: string, part: string, problem: string): CodeframeError {
  return new CodeframeError({ code: 'corrupt-export', path, part, problem });
}

function parseHeader(path: string, bytes: Buffer): ExportHeader {
  const found = parseJson(bytes.toString('utf8'));
  if (!isRecord(found)) throw corruptExport(path, 'its header', 'it is no JSON object');
  const wrong = Object.entries(shape).find(([key, fits]) => !fits(found[key]))?.[0];
  if (wrong !== undefined)
    throw corruptExport(path, 'its header', `its ${wrong} is missing or of another kind`);
  return found as unknown as ExportHeader;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value.length <= 1000;
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const fitting =
  (pattern: RegExp) =>
  (value: unknown): boolean =>
    typeof value === 'string' && pattern.test(value);

// Ids name directories and refs, so nothing but what Ids makes.
const shape: { readonly [Key in keyof ExportHeader]: (value: unknown) => boolean } = {
  projectId: fitting(/^p[0-9a-z]{12}$/),
  projectName: isText,
  checkpointId: fitting(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/),
  commit: fitting(/^([0-9a-f]{40}|[0-9a-f]{64})$/),
  schema: isCount,
  program: isText,
  exportedAt: isText,
  config: isRecord,
  bundle: (value) => isRecord(value) && isCount(value['bytes']) && fitting(/^[0-9a-f]{64}$/)(value['sha256']),
};

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
