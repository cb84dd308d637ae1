import { readableEncodings } from './packing.ts';

/** Headers of one connection, which end where it ends. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Set anew on the way to the provider: the host is another one, and the whole body is known. */
const setAnew = new Set(['host', 'content-length', 'expect']);

interface HeadersTo {
  readonly url: URL;
  readonly bodyBytes: number;
  /** The answer must not be packed. */
  readonly isPlain: boolean;
  /** The body was packed, and is sent as it is without that. */
  readonly isUnpacked: boolean;
}

/** The headers of a call as the provider gets them: names, order and repeats as the agent sent them. */
export function headersToProvider(raw: readonly string[], to: HeadersTo): string[] {
  const isKept = (name: string): boolean =>
    !hopByHop.has(name) && !setAnew.has(name) && !(to.isUnpacked && name === 'content-encoding');
  const kept = pairs(raw, isKept);
  // A reply that is put behind no-ops cannot be compressed: its beginning was not.
  const sent = to.isPlain
    ? [...pairs(kept, (name) => name !== 'accept-encoding'), 'Accept-Encoding', 'identity']
    : readable(kept);
  return ['Host', to.url.host, ...sent, 'Content-Length', String(to.bodyBytes), 'Connection', 'keep-alive'];
}

function readable(sent: readonly string[]): string[] {
  return sent.map((value, at) =>
    at % 2 === 1 && sent[at - 1]?.toLowerCase() === 'accept-encoding' ? readableEncodings(value) : value,
  );
}

/** The headers of an answer as the agent gets them. */
export function headersToAgent(raw: readonly string[]): string[] {
  return pairs(raw, (name) => !hopByHop.has(name));
}

function pairs(raw: readonly string[], isKept: (name: string) => boolean): string[] {
  const named = new Set(
    raw.flatMap((value, at) =>
      at % 2 === 1 && raw[at - 1]?.toLowerCase() === 'connection'
        ? value.split(',').map((name) => name.trim().toLowerCase())
        : [],
    ),
  );
  const kept: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? '';
    if (isKept(name.toLowerCase()) && !named.has(name.toLowerCase())) kept.push(name, raw[at + 1] ?? '');
  }
  return kept;
}
