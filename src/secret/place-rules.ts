import { classifyName } from './secret-name.ts';
import type { FoundSecret, SecretRule } from './secret-rule.ts';
import { isPlace, isStandIn, judgeValue } from './value-look.ts';

/** Secrets that show by where they stand: in an address, behind a header or a flag, in a connection string. */
export const placeRules: readonly SecretRule[] = [
  { kind: 'url-password', anchors: ['://', '%3a%2f%2f', ':\\/\\/'], rank: 2, find: findUrlPassword },
  {
    kind: 'authorization',
    anchors: ['bearer', 'basic', 'authorization', 'bot ', 'apikey '],
    rank: 0,
    find: findHeader,
  },
  {
    kind: 'azure-key',
    anchors: ['accountkey=', 'sharedaccesskey=', 'sharedsecret=', 'accesskey='],
    rank: 2,
    find: findConnectionKey,
  },
  { kind: 'azure-sas', anchors: ['sig='], rank: 2, find: findSas },
  {
    kind: 'login',
    anchors: ['-u ', '--user ', '--user=', '-u\u0027', '--userpwd '],
    rank: 0,
    find: findLogin,
  },
  { kind: 'password', anchors: ['password ', 'identified by '], rank: 0, find: findSpaced },
  { kind: 'docker-auth', anchors: ['auth"', '_auth'], rank: 0, find: findEncodedLogin },
  { kind: 'password', anchors: ['sshpass'], rank: 0, find: findSshpass },
  { kind: 'password', anchors: ['mysql', 'mariadb', 'redis-cli'], rank: 0, find: findShortFlag },
  { kind: 'private-key', anchors: ['"d"', '"d\\"', '"d\\\\\\"'], rank: 2, find: findWebKey },
  {
    kind: 'mnemonic',
    anchors: ['mnemonic', 'seed phrase', 'seed_phrase', 'seedphrase', 'recovery phrase'],
    rank: 0,
    find: findMnemonic,
  },
];

const login = /([^\s:/@'"`<>(){}[\]\\,]{0,100}):([^\s'"`<>\\/]{1,200}?)@(?=[\w[%-])/y;
const loneToken = /([\w.~%-]{20,400})@(?=[a-z\d-]+\.[a-z])/y;

function findUrlPassword(text: string, at: number): FoundSecret | undefined {
  const from = at + (text[at] === '%' ? 9 : text[at + 1] === '\\' ? 5 : 3);
  login.lastIndex = from;
  const found = login.exec(text);
  if (found === null) return findUrlToken(text, from);
  const [, user = '', password = ''] = found;
  const start = from + user.length + 1;
  if (password === 'x-oauth-basic') return { from, to: from + user.length, sure: true };
  if (isTemplate(password) || /^(?:\d{1,5}|\W*)$/.test(password)) return undefined;
  return { from: start, to: start + password.length, sure: !isStandIn(password) && password.length >= 6 };
}

function findUrlToken(text: string, from: number): FoundSecret | undefined {
  loneToken.lastIndex = from;
  const token = loneToken.exec(text)?.[1];
  if (token === undefined || !/\d/.test(token)) return undefined;
  return { from, to: from + token.length, sure: true };
}

/** What a program fills in, or a page shows in the place of a password. */
function isTemplate(value: string): boolean {
  return (
    /^(?:[$%{<*]|\.\.\.|x+$|pass(?:word|wd)?$|pw$|secret$)/i.test(value) ||
    value.includes('${') ||
    value.includes('{{')
  );
}

const header =
  /(?:authorization\\*["'`]?\s{0,4}[:=,]\s{0,4}\\*["'`]?\s{0,2})?(?:(?:bearer|basic|token|bot|apikey|negotiate|digest)(?:\s{1,4}|:\s?|%20|\+))?([\w.~+/=-]{12,8000})/iy;

function findHeader(text: string, at: number): FoundSecret | undefined {
  header.lastIndex = at;
  const found = header.exec(text);
  const value = found?.[1];
  if (found === null || value === undefined || found[0].length === value.length) return undefined;
  if (isStandIn(value) || isPlace(value) || !/\d/.test(value) || !/[A-Za-z]/.test(value)) {
    if (!isEncodedLogin(value)) return undefined;
  }
  if (/^[a-z]+(?:[-_.][a-z\d]+)*$/.test(value) && value.length < 24) return undefined;
  const to = at + found[0].length;
  return { from: to - value.length, to, sure: value.length >= 16 };
}

function isEncodedLogin(value: string): boolean {
  if (value.length < 8 || value.length % 4 === 1 || !/^[A-Za-z0-9+/_-]+=*$/.test(value)) return false;
  return /^[\x21-\x7e]{1,100}:[\x20-\x7e]{3,}$/.test(Buffer.from(value, 'base64').toString('latin1'));
}

const connectionKey = /\w{0,30}=([A-Za-z0-9+/%]{20,120}={0,2})/y;

function findConnectionKey(text: string, at: number): FoundSecret | undefined {
  return secondPart(connectionKey, text, at);
}

const sas = /sig=([A-Za-z0-9+/%]{40,120}={0,2})/iy;

function findSas(text: string, at: number): FoundSecret | undefined {
  return secondPart(sas, text, at);
}

const flagLogin = /--?(?:u|user|userpwd)[ =]?\\*['"]?([^\s:'"\\]{1,100}):(?!\/)([^\s'"\\]{4,200})/y;

/** `curl -u NAME:PASSWORD` */
function findLogin(text: string, at: number): FoundSecret | undefined {
  const start = text[at - 1] === '-' ? at - 1 : at;
  if (/\w/.test(text[start - 1] ?? '')) return undefined;
  flagLogin.lastIndex = start;
  const found = flagLogin.exec(text);
  const password = found?.[2];
  if (found === null || password === undefined || isStandIn(password) || /^\d+$|^:/.test(password))
    return undefined;
  const to = start + found[0].length;
  return { from: to - password.length, to, sure: true };
}

const spaced = /(?:password|identified by)\s{1,4}(?:(?:is|was)\s{1,4})?(\\*["'`]?)([^\s"'`\\<>]{5,200})/iy;

/** `.netrc`, SQL, `--password VALUE`, and prose. */
function findSpaced(text: string, at: number): FoundSecret | undefined {
  spaced.lastIndex = at;
  const found = spaced.exec(text);
  const value = found?.[2];
  if (found === null || value === undefined) return undefined;
  const before = text.slice(Math.max(0, at - 120), at);
  const told =
    /(?:--?[\w-]{0,30}|login\s+\S+\s+|(?:with|set)\s+)$/i.test(before) ||
    found[1] !== '' ||
    /\s(?:is|was)\s/i.test(found[0]);
  const trimmed = value.replace(/[.,;:!?)\]}]+$/, '');
  if (!told || isTemplate(trimmed) || /^[-=:]/.test(trimmed)) return undefined;
  if (/^(?:is|for|of|to|in|and|or|the|not|must|should|reset)$/i.test(trimmed)) return undefined;
  const judged = judgeValue({
    value: trimmed,
    name: 'password',
    quoted: true,
  });
  if (judged === null) return undefined;
  const from = at + found[0].length - value.length;
  return { from, to: from + trimmed.length, sure: judged.sure };
}

const sshpass = /sshpass\s+-p\s*\\*['"]?([^\s'"\\]{3,200})/y;

function findSshpass(text: string, at: number): FoundSecret | undefined {
  return secondPart(sshpass, text, at);
}

const shortFlag =
  /(?:my|maria)\w{2,12}[^\n|;&]{0,120}?\s-p\\*['"]?([^\s'"\\]{4,100})|redis-cli[^\n|;&]{0,120}?\s-a\s+\\*['"]?([^\s'"\\]{4,100})/iy;

/** `mysql -pPASSWORD`, `redis-cli -a PASSWORD` */
function findShortFlag(text: string, at: number): FoundSecret | undefined {
  shortFlag.lastIndex = at;
  const found = shortFlag.exec(text);
  const value = found?.[1] ?? found?.[2];
  if (found === null || value === undefined || isStandIn(value)) return undefined;
  const to = at + found[0].length;
  return { from: to - value.length, to, sure: false };
}

const webKey = /\\{0,3}"d\\{0,3}"\s{0,4}:\s{0,4}\\{0,3}"([\w-]{40,700})/y;

/** The private part of a JSON Web Key. */
function findWebKey(text: string, at: number): FoundSecret | undefined {
  const found = secondPart(webKey, text, at);
  if (found === undefined) return undefined;
  return /"kty\\*"/.test(text.slice(Math.max(0, at - 1500), found.to + 1500)) ? found : undefined;
}

const mnemonic =
  /(?:mnemonic|(?:seed|recovery)[ _]?phrase)[^a-z\n]{1,12}((?:[a-z]{3,8} ){11,23}[a-z]{3,8})(?![a-z])/iy;

function findMnemonic(text: string, at: number): FoundSecret | undefined {
  return secondPart(mnemonic, text, at);
}

const encodedLogin = /_?auth"?\s{0,4}[:=]\s{0,4}"?([A-Za-z0-9+/]{8,400}={0,2})/y;

/** A Docker or npm configuration: a name and a password in base64. */
function findEncodedLogin(text: string, at: number): FoundSecret | undefined {
  const found = secondPart(encodedLogin, text, at);
  if (found === undefined) return undefined;
  return isEncodedLogin(text.slice(found.from, found.to)) ? found : undefined;
}

/** The first group, which is at the end of the match. */
function secondPart(sticky: RegExp, text: string, at: number): FoundSecret | undefined {
  sticky.lastIndex = at;
  const found = sticky.exec(text);
  const value = found?.[1];
  if (found === null || value === undefined || isTemplate(value)) return undefined;
  const to = at + found[0].length;
  return { from: to - value.length, to, sure: true };
}

/** Whether a field or variable of this name may hold a secret: for values that stand apart from their name. */
export function judgeNamed(name: string, value: string): { readonly sure: boolean } | null {
  const named = classifyName(name);
  return named === null ? null : judgeValue({ value, name: named, quoted: true });
}
