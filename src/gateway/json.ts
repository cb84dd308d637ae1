/** Parsed JSON of any kind: bodies are another program's, so every step into one is asked for. */
export type Json =
  | { readonly [key: string]: Json }
  | readonly Json[]
  | string
  | number
  | boolean
  | null
  | undefined;

/** A field of an object; undefined of anything else. */
export function field(value: Json, key: string): Json {
  if (typeof value !== 'object' || value === null || isList(value)) return undefined;
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

/** A list as it is; an empty one for anything else. */
export function list(value: Json): readonly Json[] {
  return isList(value) ? value : [];
}

/** A text as it is; null for anything else. */
export function text(value: Json): string | null {
  return typeof value === 'string' ? value : null;
}

/** A text as it is; an empty one for anything else. */
export function word(value: Json): string {
  return typeof value === 'string' ? value : '';
}

/** A number that counts something; 0 for anything else. */
export function count(value: Json): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}

export function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !isList(value);
}

/** The value of a JSON text; undefined when it is none. */
export function parseJson(raw: string): Json {
  try {
    return JSON.parse(raw) as Json;
  } catch {
    return undefined;
  }
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
