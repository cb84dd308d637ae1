import { parseJson, type Json } from './json.ts';
import { spliceJson } from './splice-json.ts';

/** What makes a body long, by the names that the protocols have for it. */
const long = [
  'messages',
  'input',
  'contents',
  'tools',
  'system',
  'instructions',
  'systemInstruction',
  'system_instruction',
].map((name) => ({ path: [name], json: 'null' }));
/** A shorter body is parsed as fast as it is looked through. */
const shortBytes = 16_384;

/**
 * The fields of a body without those that are long: enough to say which model it is for. Parsing all of a megabyte takes
 * longer than anything else that a call waits for. Undefined for what is no JSON as far as it was looked at.
 */
export function shortFields(raw: string): Json {
  if (raw.length < shortBytes) return parseJson(raw);
  try {
    return parseJson(spliceJson(raw, long));
  } catch {
    return parseJson(raw);
  }
}
