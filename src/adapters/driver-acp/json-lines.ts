import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { isObject, parseJson, type Json } from '../../gateway/json.ts';

/** A message of an agent. */
export type JsonObject = { readonly [key: string]: Json };

const lineLengthMax = 64 * 1024 * 1024;
const junkLinesMax = 1000;

/**
 * Calls back for each line of a stream that is a JSON object; other lines are handed to `junk`. Reads no faster than it
 * is called. Resolves at the end of the stream. Throws for a line of 64 MB and for a thousand lines that are no JSON.
 */
export async function readJsonLines(
  stream: Readable,
  on: {
    readonly line: (value: JsonObject) => void | Promise<void>;
    readonly junk: (line: string) => void;
  },
): Promise<void> {
  let junkLines = 0;
  const take = async (line: string): Promise<void> => {
    if (line.trim() === '') return;
    const value = parse(line);
    if (value !== null) return on.line(value);
    on.junk(line);
    junkLines += 1;
    if (junkLines >= junkLinesMax) throw new Error(`it wrote ${junkLines} lines that are not JSON`);
  };
  const decoder = new StringDecoder('utf8');
  let pieces: string[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const lines = decoder.write(chunk as Buffer).split('\n');
    for (const [index, piece] of lines.entries()) {
      pieces.push(piece);
      length += piece.length;
      if (length > lineLengthMax) throw new Error(`it wrote a line of more than ${lineLengthMax} characters`);
      if (index === lines.length - 1) continue;
      await take(pieces.join(''));
      pieces = [];
      length = 0;
    }
  }
  await take(pieces.join('') + decoder.end());
}

/** A warning of the runtime, a banner: what is not JSON is not for us. */
function parse(line: string): JsonObject | null {
  const value = parseJson(line);
  return isObject(value) ? value : null;
}
