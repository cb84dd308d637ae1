/** A value that is a secret for certain, because it stands in the environment or in an `.env` file, or was found before. */
export interface KnownValue {
  readonly kind: string;
  readonly value: string;
}

/** A way in which a known value may be written. */
export interface KnownForm {
  readonly kind: string;
  readonly text: string;
}

/** Shorter ones stand in too many texts by chance. */
export const valueMin = 8;
/** So many are looked for at most, next to those of the environment. */
export const knownValuesMax = 500;

/** Each value as it is, in base64 (wherever in a longer text it begins), in hexadecimal, URL- and JSON-escaped. */
export function formsOf(values: readonly KnownValue[]): readonly KnownForm[] {
  const forms = new Map<string, KnownForm>();
  const add = (kind: string, text: string): void => {
    if (text.length >= valueMin && !forms.has(text)) forms.set(text, { kind, text });
  };
  for (const { kind, value } of values) add(kind, value);
  for (const { kind, value } of values) {
    for (const text of urlForms(value)) add(`${kind}-url`, text);
    for (const text of jsonForms(value)) add(`${kind}-json`, text);
    for (const text of base64Forms(value)) add(`${kind}-base64`, text);
    const hex = Buffer.from(value).toString('hex');
    for (const text of [hex, hex.toUpperCase()]) add(`${kind}-hex`, text);
    // As bytes look that were taken for Latin-1, as the output of programs is.
    add(kind, Buffer.from(value).toString('latin1'));
  }
  return [...forms.values()];
}

function urlForms(value: string): readonly string[] {
  // Half a surrogate pair has no bytes.
  if (/\p{Surrogate}/u.test(value)) return [];
  const plain = encodeURIComponent(value);
  const strict = plain.replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const forms = [
    plain,
    strict,
    plain.replaceAll('%20', '+'),
    strict.replaceAll('%20', '+'),
    encodeURI(value),
  ];
  return forms.flatMap((form) => [form, form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]);
}

function jsonForms(value: string): readonly string[] {
  const once = JSON.stringify(value).slice(1, -1);
  const twice = JSON.stringify(once).slice(1, -1);
  return [
    once,
    twice,
    once.replaceAll('/', '\\/'),
    once.replaceAll("'", "\\'"),
    value.replaceAll("'", `'\\''`),
  ];
}

/**
 * Base64 of a value depends on how many bytes stand before it, modulo 3; characters at either end are shared with what
 * is there, and are left out.
 */
function base64Forms(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const whole = bytes.toString('base64');
  const shifted = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const first = before === 0 ? 0 : before + 1;
    const shared = (before + bytes.length) % 3 === 0 ? 0 : 1;
    return text.slice(first, text.length - shared);
  });
  const forms = [whole, whole.replace(/=+$/, ''), ...shifted];
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}
