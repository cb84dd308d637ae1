import type { IncomingMessage } from 'node:http';
import { unpack } from './packing.ts';

/** Pictures and long histories: vendors take 20 to 32 MB. */
export const bodyBytesMax = 64 * 1024 * 1024;

/** The whole body as it was sent; null when it is longer than `bodyBytesMax`. Rejects when the agent breaks off. */
export async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= bodyBytesMax) chunks.push(chunk);
  }
  return bytes > bodyBytesMax ? null : Buffer.concat(chunks, bytes);
}

/** The text of a body; null when it is packed in a way that cannot be read here. */
export async function textOfBody(body: Buffer, encoding: string | undefined): Promise<string | null> {
  if (encoding === undefined || encoding === 'identity') return body.toString('utf8');
  return (await unpack(body, encoding, bodyBytesMax))?.toString('utf8') ?? null;
}
