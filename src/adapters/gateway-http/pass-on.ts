import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import type { ReplyReader } from '../../gateway/read-reply.ts';
import { unpackerOf, type Unpacker } from './packing.ts';

/**
 * Passes an answer's body on as it comes, no faster than the agent reads, and lets a reader see it unpacked. Resolves when
 * the agent has all of it; rejects when either side breaks off. `onFirst`: the first bytes are on their way.
 */
export async function passOn(
  from: IncomingMessage,
  to: ServerResponse,
  seen: { readonly reader: Reader | null; readonly onFirst: () => void },
): Promise<void> {
  let isFirst = true;
  for await (const chunk of from as AsyncIterable<Buffer>) {
    if (!to.write(chunk)) await once(to, 'drain', { signal: closedSignal(to) });
    seen.reader?.push(chunk);
    if (isFirst) seen.onFirst();
    isFirst = false;
  }
  if (!from.complete) throw new Error('the provider broke off in the middle of its answer');
}

const signals = new WeakMap<ServerResponse, AbortSignal>();

/** Aborted when the agent is gone. */
export function closedSignal(response: ServerResponse): AbortSignal {
  const known = signals.get(response);
  if (known !== undefined) return known;
  const closed = new AbortController();
  response.once('close', () => closed.abort(new Error('the agent broke off')));
  if (response.destroyed) closed.abort(new Error('the agent broke off'));
  signals.set(response, closed.signal);
  return closed.signal;
}

/** Whoever looks at an answer while it passes. */
export interface Reader {
  push(chunk: Buffer): void;
  /** Resolves when all that was pushed has been read. */
  end(): Promise<void>;
}

/** Reads an answer as text, unpacked when it is packed; null when it is packed in a way that cannot be read here. */
export function readingAnswer(response: IncomingMessage, reply: ReplyReader): Reader | null {
  const encoding = response.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return readPlain(reply);
  const unpack = unpackerOf(encoding);
  return unpack === null ? null : readPacked(unpack, reply);
}

function readPlain(reply: ReplyReader): Reader {
  const decoder = new StringDecoder('utf8');
  return {
    push: (chunk) => reply.push(decoder.write(chunk)),
    end: () => Promise.resolve(reply.push(decoder.end())),
  };
}

/** Events are unpacked as they come, so that usage is known as soon as the answer is over. */
function readPacked(unpack: Unpacker, reply: ReplyReader): Reader {
  const plain = readPlain(reply);
  unpack.on('data', (chunk: Buffer) => plain.push(chunk));
  const over = new Promise<void>((resolve) => {
    unpack.once('end', resolve);
    // What cannot be unpacked was passed on all the same; the reader then knows less.
    unpack.on('error', () => resolve());
  });
  return {
    push: (chunk) => void unpack.write(chunk),
    end: () => {
      unpack.end();
      return over.then(() => plain.end());
    },
  };
}
