import type { FoundSecret, SecretRule } from './secret-rule.ts';

/** A key of some thousand bits, in lines; what is longer is none. */
const bodyMax = 24_000;

/** Private keys: as PEM, whole or cut at either end, in one line or many, in base64 once more; of PuTTY and PGP. */
export const keyRules: readonly SecretRule[] = [
  { kind: 'private-key', anchors: ['-----begin'], rank: 2, find: findPem },
  { kind: 'private-key', anchors: ['-----end'], rank: 2, find: findTail },
  { kind: 'private-key', anchors: ['ls0tls1crudj'], rank: 2, find: findEncoded },
  { kind: 'private-key', anchors: ['private-lines:'], rank: 2, find: findPutty },
];

const begin = /-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----/y;
const end = /-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----/y;
const keyLine = /[A-Za-z0-9+/]{40}/;

function findPem(text: string, at: number): FoundSecret | undefined {
  const from = matchAt(begin, text, at);
  if (from === undefined) return undefined;
  const dashes = text.indexOf('-----', from);
  const until = Math.min(dashes === -1 ? text.length : dashes, from + bodyMax);
  const content = text.slice(from, until);
  if (!keyLine.test(content)) return undefined;
  const closed = matchAt(end, text, until);
  // Cut off: to the end of its last line.
  return { from: at, to: closed ?? from + lastLineEnd(content), sure: true };
}

function lastLineEnd(content: string): number {
  const last = [...content.matchAll(/[A-Za-z0-9+/=]{16,}/g)].at(-1);
  return last === undefined ? 0 : last.index + last[0].length;
}

/** A key of which only the end is there, as in the tail of an output. */
function findTail(text: string, at: number): FoundSecret | undefined {
  const to = matchAt(end, text, at);
  if (to === undefined) return undefined;
  let from = at;
  while (from > 0 && at - from < bodyMax && /[A-Za-z0-9+/=\s\\"',]/.test(text[from - 1] ?? '')) from--;
  const first = keyLine.exec(text.slice(from, at));
  return first === null ? undefined : { from: from + first.index, to, sure: true };
}

const encoded = /LS0tLS1CRUdJTi[A-Za-z0-9+/=_-]{60,32000}/y;

/** As in a kubeconfig. */
function findEncoded(text: string, at: number): FoundSecret | undefined {
  const start = Buffer.from(text.slice(at, at + 120), 'base64').toString('latin1');
  const to = start.includes('PRIVATE KEY') ? matchAt(encoded, text, at) : undefined;
  return to === undefined ? undefined : { from: at, to, sure: true };
}

const putty = /Private-Lines: \d{1,3}[A-Za-z0-9+/=\s\\]{40,24000}/y;

function findPutty(text: string, at: number): FoundSecret | undefined {
  const to = matchAt(putty, text, at);
  return to === undefined ? undefined : { from: at, to, sure: true };
}

/** Where the match that starts at `at` ends. */
function matchAt(sticky: RegExp, text: string, at: number): number | undefined {
  sticky.lastIndex = at;
  const length = sticky.exec(text)?.[0].length;
  return length === undefined ? undefined : at + length;
}
