import { classifyName } from './secret-name.ts';
import type { FoundSecret, SecretRule } from './secret-rule.ts';
import { judgeValue } from './value-look.ts';

/**
 * `DB_PASSWORD=…`, `password: "…"`, `"apiKey": "…"`, `--token …`, `<password>…</password>`: a value beside a name that
 * says it is one. What counts as a secret there is in `value-look.ts`.
 */
export const assignmentRules: readonly SecretRule[] = [
  {
    kind: 'password',
    anchors: [
      'passw',
      'passphrase',
      'passcode',
      'pwd',
      '_pass',
      'pass=',
      'pass:',
      'pass"',
      "pass'",
      'pass ',
      'kennwort',
    ],
    rank: 0,
    find: findAssigned,
  },
  { kind: 'secret', anchors: ['secret', 'credential', 'creds', 'mnemonic'], rank: 0, find: findAssigned },
  {
    kind: 'token',
    anchors: [
      'token',
      'bearer',
      '_pat',
      'jwt',
      'cookie',
      'session',
      'sid=',
      'auth',
      'signature',
      'salt',
      'seed',
      'dsn',
      'webhook',
    ],
    rank: 0,
    find: findAssigned,
  },
  { kind: 'key', anchors: ['key'], rank: 0, find: findAssigned },
];

/** A name is at most this long on either side of its anchor. */
const nameMax = 60;
const rest = /[\w-]{0,60}/y;
const separator =
  /\\{0,3}["'`]?[\])]?(?:[ \t]{0,20}(?::=|=>|={1,3}|:|,(?=[ \t]*\\{0,3}["'`]))[ \t]{0,20}|>(?=[^\s<]))/y;
const flagSeparator = /[ \t]{1,4}(?=[^\s-])/y;
const quoted = /[bfruLR@$]{0,2}(\\{0,3}["'`])((?:(?!\1)[^\r\n]){1,400})\1/y;
const bare = /[^\s"'`,;<>(){}[\]|\\]{5,400}/y;

function findAssigned(text: string, at: number): FoundSecret | undefined {
  const nameEnd = endOf(rest, text, at) ?? at;
  const assigned = endOf(separator, text, nameEnd);
  const from = assigned ?? endOf(flagSeparator, text, nameEnd);
  if (from === undefined) return undefined;
  const nameStart = startOfName(text, at);
  const name = text.slice(nameStart, nameEnd);
  if (assigned === undefined && !isFlag(name)) return undefined;
  if (text.slice(nameEnd, from).includes(',') && !isFirst(text, nameStart)) return undefined;
  const named = classifyName(name);
  const written = named === null ? undefined : valueAt(text, from);
  if (named === null || written === undefined) return undefined;
  // `PASS: TestName`, as tests print it.
  if (!written.quoted && /^-*pass$/i.test(name) && text[nameEnd] !== '=') return undefined;
  const { value } = written;
  const literal =
    written.quoted || isFlag(name) || text[from - 1] === '>' || isEnvironment(name, text[nameEnd]);
  const judged = judgeValue({ value, name: named, quoted: literal });
  return judged === null
    ? undefined
    : { from: written.from, to: written.from + value.length, sure: judged.sure };
}

/** Where the name starts that has its anchor at `at`. */
function startOfName(text: string, at: number): number {
  let start = at;
  while (start > 0 && at - start < nameMax && /[\w.-]/.test(text[start - 1] ?? '')) start--;
  // The letter of an escaped end of line is not part of it.
  return text[start - 1] === '\\' && /[nrt]/.test(text[start] ?? '') && start < at ? start + 1 : start;
}

/** `set("password", "…")` and not the third of five words. */
function isFirst(text: string, nameStart: number): boolean {
  return /[([]\\{0,3}["'`]$/.test(text.slice(Math.max(0, nameStart - 5), nameStart));
}

function isFlag(name: string): boolean {
  return name.startsWith('-');
}

/** `NAME=value` as in a shell or an `.env`: without quotes it is no expression. */
function isEnvironment(name: string, after: string | undefined): boolean {
  return after === '=' && /^[A-Z][A-Z0-9_]*$/.test(name);
}

interface Written {
  readonly value: string;
  readonly from: number;
  readonly quoted: boolean;
}

function valueAt(text: string, at: number): Written | undefined {
  quoted.lastIndex = at;
  const literal = quoted.exec(text);
  if (literal !== null) {
    const [whole, quote = '', value = ''] = literal;
    return { value, from: at + whole.length - quote.length - value.length, quoted: true };
  }
  const end = endOf(bare, text, at);
  if (end === undefined || text[end] === '(' || text[end] === '[' || text.startsWith('/^', at))
    return undefined;
  const value = text.slice(at, end).replace(/[.,;:!?&]+$/, '');
  return { value, from: at, quoted: false };
}

function endOf(sticky: RegExp, text: string, at: number): number | undefined {
  sticky.lastIndex = at;
  const length = sticky.exec(text)?.[0].length;
  return length === undefined ? undefined : at + length;
}
