import type { NameClass } from './secret-name.ts';

/** A value beside a name: what it is, and how it is written there. */
export interface NamedValue {
  readonly value: string;
  readonly name: NameClass;
  /** A string literal; what has no quotes may be an expression. */
  readonly quoted: boolean;
}

/** Whether a value that stands beside such a name is a secret; `sure` when it looks as if a machine or a careful person made it. */
export function judgeValue(named: NamedValue): { readonly sure: boolean } | null {
  const { value } = named;
  if (value.length > 400 || isStandIn(value)) return null;
  if (!named.quoted && isExpression(value)) return null;
  if (isPlace(value)) return null;
  const strong = isStrong(value);
  switch (named.name) {
    case 'password':
      return isPassword(named) ? { sure: strong } : null;
    case 'secret':
      return isToken(value) ? { sure: strong } : null;
    case 'weak':
      return isRandom(value) ? { sure: value.length >= 32 && entropyOf(value) >= 4.2 } : null;
  }
}

/** What people write where a secret goes: never one itself. */
export function isStandIn(value: string): boolean {
  return isFilledIn(value) || saysWhatGoesHere(value);
}

/** As `isStandIn`, for what stands where secrets are kept: several words are a passphrase there. */
export function isEmptyOfMeaning(value: string): boolean {
  return isFilledIn(value) || standInWords.has(value.toLowerCase());
}

/** A template, or the same sign again and again. */
function isFilledIn(value: string): boolean {
  return (
    /^(?:[x*.•_#?-]+|0+|<.*>|\{\{.*|\{[\w.]*\}|\[[^\]]*\]?|%[\w.()-]+%?s?|#\{.*|@[\w.]+@?|\$.*|!.*)$/u.test(
      value,
    ) || /\$\{|\{\{|<%|%\(|\*\.|\.\*|\[\w*\]\.|%[sdv]\b|^0x[0-9a-f]{1,16}$/i.test(value)
  );
}

/** `your-key`, `changeme`, `myPassword`, `process.env` */
function saysWhatGoesHere(value: string): boolean {
  const words = value
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[ _.,:/-]+/);
  return standInWords.has(words[0] ?? '') && words.every((word) => /^[a-z]+$/.test(word));
}

const standInWords: ReadonlySet<string> = new Set(
  (
    'your my the some enter insert replace change example sample dummy fake mock test testing foo bar baz none null nil ' +
    'undefined true false string number boolean redacted hidden masked secret password passwd passphrase token key value ' +
    'todo tbd default optional required invalid unknown empty admin root user guest postgres mysql production development ' +
    'staging disabled enabled localhost changeme letmein process os import'
  ).split(' '),
);

/** A call, a property, a variable: what an unquoted value in a program is. */
function isExpression(value: string): boolean {
  return (
    /^[A-Za-z_$@][\w$]*(?:\??\.[A-Za-z_$][\w$]*|::?[A-Za-z_$][\w$]*|->[A-Za-z_$][\w$]*|\[\d*\])+[?!,]*$/.test(
      value,
    ) ||
    (/^[A-Za-z_$][\w$]*\??\.?$/.test(value.replace(/\d{1,2}$/, '')) && !mixesCase(value)) ||
    value.includes('=>')
  );
}

function mixesCase(value: string): boolean {
  return /\d/.test(value) && /[A-Z]/.test(value) && /[a-z]/.test(value) && humps(value) >= 3;
}

/** How often the case, or letter and digit, change: often in what is random, seldom in words. */
function humps(value: string): number {
  return (value.match(/[a-z](?=[A-Z0-9])|[A-Z](?=[0-9])|[0-9](?=[A-Za-z])/g) ?? []).length;
}

/** A path, an address without a password, a date, a version. */
export function isPlace(value: string): boolean {
  return (
    (/^(?:~|\.{0,2})?(?:\/[\w.@+-]{1,40})+\/?$/.test(value) && !/\/[A-Za-z0-9]{22,}/.test(value)) ||
    /^[A-Za-z]:\\/.test(value) ||
    /^[a-z][a-z+.-]*:\/\/[^\s:@]*$/i.test(value) ||
    /^\d{4}-\d\d-\d\d/.test(value) ||
    /^[a-z]+:[a-z]+(?:[-.][a-z\d.]+)*$/.test(value) ||
    /^v?\d+(?:\.\d+)+$/.test(value) ||
    /^[\w-]+(?:\.[\w-]+)*\.(?:js|ts|json|md|txt|html|css|py|go|rs|java|com|org|net|io|yml|yaml|toml|pem|key|crt)$/i.test(
      value,
    )
  );
}

function isPassword({ value, quoted }: NamedValue): boolean {
  if (value.length < 5 || /\s/.test(value)) return false;
  const plain = /^[A-Za-z][A-Za-z_.:-]*$/.test(value);
  if (plain) return quoted && value.length >= 8 && !isWords(value);
  return /[A-Za-z]/.test(value) ? /[\d!@#$%^&*+~?]/.test(value) : value.length >= 8;
}

/** Words as programs have them: `camelCase`, `snake_case`, `kebab-case`, `PascalCase`. */
function isWords(value: string): boolean {
  return (
    /^(?:[a-z]+|[A-Z]+)(?:[-_.:][A-Za-z]+)+$/.test(value) ||
    (/^[a-zA-Z]?[a-z]+(?:[A-Z][a-z]+)*$/.test(value) && value.length < 20)
  );
}

function isToken(value: string): boolean {
  if (value.length < 8 || !/^[\w+/=.:~!@#$%^&*,;-]+$/.test(value)) return false;
  const digits = (value.match(/\d/g) ?? []).length;
  if (digits === 0)
    return value.length >= 20 && humps(value) >= 4 && entropyOf(value) >= 3.5 && !isWords(value);
  return /[A-Za-z]/.test(value) && entropyOf(value) >= 2.5 && (digits >= 2 || value.length >= 16);
}

/** As if a machine had made it at random, and not as a checksum, whose name would say so less often than `key`. */
function isRandom(value: string): boolean {
  return (
    /^[\w+/=.~-]{20,200}$/.test(value) &&
    !/^[0-9a-f-]+$/i.test(value) &&
    (value.match(/[_-]/g) ?? []).length <= value.length / 12 &&
    !/\.[A-Za-z_]+(?:\.|$)/.test(value) &&
    (value.match(/\d/g) ?? []).length >= (value.length >= 32 ? 2 : 3) &&
    humps(value) >= 6 &&
    entropyOf(value) >= 3.8
  );
}

/** Three kinds of characters in 8 or more, or 16 and more with digits among them, and nothing that repeats. */
function isStrong(value: string): boolean {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(value)).length;
  if (value.length >= 8 && kinds >= 3) return entropyOf(value) >= 2.7;
  return value.length >= 16 && kinds >= 2 && /\d/.test(value) && entropyOf(value) >= 2.9;
}

/** Shannon's, in bits a character. */
export function entropyOf(value: string): number {
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length);
  return bits;
}
