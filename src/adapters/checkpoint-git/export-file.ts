import { createHash } from 'node:crypto';
import {
  constants,
  createReadStream,
  createWriteStream,
  existsSync,
  linkSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  corruptExport,
  encodeExportHeader,
  firstLineMax,
  headerBytesMax,
  parseExportHeader,
  type ExportHeader,
} from '../../checkpoint/export-header.ts';
import { CodeframeError } from '../../failure.ts';
import { isAlive } from './leftovers.ts';
import { storeFailure, syncPath } from './store-place.ts';

export interface ExportOrder {
  readonly path: string;
  /** Takes the place of a file that is there. */
  readonly force: boolean;
  readonly header: Omit<ExportHeader, 'bundle'>;
  /** Writes the bundle into a file that is not there yet. */
  readonly pack: (file: string) => Promise<void>;
}

/** Writes an export: whole and synced, or nothing. Answers its size. Throws `already-exists`, `no-space`, `no-permission`. */
export async function writeExport(order: ExportOrder): Promise<number> {
  const { path, force } = order;
  const bundle = `${path}.${process.pid}.bundle`;
  const partial = `${path}.${process.pid}.partial`;
  try {
    if (!force && existsSync(path)) throw taken(path);
    removeLeft(path);
    await order.pack(bundle);
    const head = encodeExportHeader({ ...order.header, bundle: await hashFile(bundle) });
    const file = createWriteStream(partial, { flags: 'wx', mode: 0o600 });
    file.write(head);
    await pipeline(createReadStream(bundle), file);
    syncPath(partial);
    put(partial, path, force);
    syncPath(dirname(path));
    return statSync(path).size;
  } catch (error) {
    throw storeFailure(error, path);
  } finally {
    rmSync(bundle, { force: true });
    rmSync(partial, { force: true });
  }
}

/** What exports to the same file left beside it when they were killed. */
function removeLeft(path: string): void {
  const own = `${basename(path)}.`;
  const names = existsSync(dirname(path)) ? readdirSync(dirname(path)) : [];
  for (const name of names.filter((one) => one.startsWith(own))) {
    const pid = /^(\d+)\.(?:bundle|bundle\.lock|partial)$/.exec(name.slice(own.length))?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(dirname(path), name), { force: true });
  }
}

/**
 * Reads an export to its end: every byte is hashed, and the bundle in it is copied to `bundle`. Throws `corrupt-export`,
 * `export-newer`, `invalid-argument` when there is no such file.
 */
export async function readExport(path: string, bundle: string): Promise<ExportHeader> {
  const file = await openFile(path);
  try {
    const start = Buffer.alloc(firstLineMax + headerBytesMax);
    const { bytesRead } = await file.read(start, 0, start.length, 0);
    const { header, length } = parseExportHeader(path, start.subarray(0, bytesRead));
    const { size } = await file.stat();
    const rest = size - length;
    if (rest !== header.bundle.bytes) throw corruptExport(path, 'its length', lengthProblem(rest, header));
    const hash = createHash('sha256');
    await pipeline(
      file.createReadStream({ start: length, autoClose: false }),
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(bundle, { flags: 'wx', mode: 0o600 }),
    );
    if (hash.digest('hex') !== header.bundle.sha256) {
      throw corruptExport(path, 'its objects', 'they are not what their hash says');
    }
    return header;
  } catch (error) {
    throw storeFailure(error, path);
  } finally {
    await file.close();
  }
}

function lengthProblem(rest: number, { bundle }: ExportHeader): string {
  const difference = Math.abs(rest - bundle.bytes);
  return rest < bundle.bytes
    ? `${difference} bytes are missing at its end`
    : `it is ${difference} bytes too long`;
}

/** A pipe would be waited for for ever. */
async function openFile(path: string): ReturnType<typeof open> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw storeFailure(error, path);
    throw new CodeframeError({ code: 'invalid-argument', argument: path, problem: 'there is no such file' });
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new CodeframeError({ code: 'invalid-argument', argument: path, problem: 'it is not a file' });
}

async function hashFile(path: string): Promise<ExportHeader['bundle']> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** A link is refused when something is there, which a rename would replace. */
function put(partial: string, path: string, force: boolean): void {
  if (force) return renameSync(partial, path);
  try {
    linkSync(partial, path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw taken(path);
    if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes(code)) throw error;
    renameSync(partial, path);
  }
}

function taken(path: string): CodeframeError {
  return new CodeframeError({ code: 'already-exists', kind: 'file', id: path });
}
