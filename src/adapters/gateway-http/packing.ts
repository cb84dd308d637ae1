import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

/** Unpacks what is written to it. */
export type Unpacker = Readable & { write(chunk: Buffer): boolean; end(): unknown };

type Unpack = (packed: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

interface Packing {
  readonly whole: Unpack;
  readonly stream: () => Unpacker;
}

/** Of Node 22 and later alone. */
interface NewerZlib {
  readonly zstdDecompress?: typeof zlib.brotliDecompress;
  readonly createZstdDecompress?: () => Unpacker;
}

const gzip: Packing = {
  whole: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip),
  stream: () => zlib.createGunzip(),
};

const packings: Readonly<Record<string, Packing>> = {
  gzip,
  'x-gzip': gzip,
  deflate: {
    whole: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflate),
    stream: () => zlib.createInflate(),
  },
  br: {
    whole: promisify<Buffer, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress),
    stream: () => zlib.createBrotliDecompress(),
  },
  ...zstd(zlib as NewerZlib),
};

function zstd({ zstdDecompress, createZstdDecompress }: NewerZlib): Readonly<Record<string, Packing>> {
  if (zstdDecompress === undefined || createZstdDecompress === undefined) return {};
  const whole = promisify<Buffer, zlib.BrotliOptions, Buffer>(zstdDecompress);
  return { zstd: { whole, stream: createZstdDecompress } };
}

/** The stream that unpacks a content encoding; null when this process cannot. */
export function unpackerOf(encoding: string): Unpacker | null {
  return packingOf(encoding)?.stream() ?? null;
}

/** Unpacks a whole body; null when this process cannot, when it is damaged, or longer than `bytesMax`. */
export async function unpack(packed: Buffer, encoding: string, bytesMax: number): Promise<Buffer | null> {
  const packing = packingOf(encoding);
  if (packing === undefined) return null;
  return packing.whole(packed, { maxOutputLength: bytesMax }).catch(() => null);
}

function packingOf(encoding: string): Packing | undefined {
  const name = encoding.trim().toLowerCase();
  return Object.hasOwn(packings, name) ? packings[name] : undefined;
}

/**
 * An Accept-Encoding as the provider gets it: without what this process cannot unpack, for what an answer used has to be
 * read from it. The same text when there is nothing of that.
 */
export function readableEncodings(accepted: string): string {
  const all = accepted.split(',');
  const readable = all.filter((one) => {
    const name = one.replace(/;.*$/s, '').trim().toLowerCase();
    return name === 'identity' || name === '' || packingOf(name) !== undefined;
  });
  if (readable.length === all.length) return accepted;
  return readable.join(',').trim() || 'identity';
}
