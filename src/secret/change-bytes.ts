/**
 * The bytes of a file with its text changed, whatever else is in it. Files of records (`.jsonl`) are changed line by
 * line: they are long, and their lines are what repeats from one time to the next. Others are changed as a whole, for a
 * secret may have several lines. Where bytes are no UTF-8, only the line that they are in is read as Latin-1, which keeps
 * each byte: a wrong one must not hide what stands in the rest of the file. Pure.
 */
export function changeBytes(
  file: { readonly path: string; readonly bytes: Uint8Array },
  change: (text: string) => string,
): Uint8Array {
  const bytes = Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength);
  if (!file.path.endsWith('.jsonl') && isUtf8(bytes)) return changeAs('utf8', bytes, change);
  return Buffer.concat(
    linesOf(bytes).map((line) => changeAs(isUtf8(line) ? 'utf8' : 'latin1', line, change)),
  );
}

function changeAs(encoding: 'utf8' | 'latin1', bytes: Buffer, change: (text: string) => string): Buffer {
  const text = bytes.toString(encoding);
  const changed = change(text);
  return changed === text ? bytes : Buffer.from(changed, encoding);
}

/** Each with its line feed. */
function linesOf(bytes: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < bytes.length;) {
    const feed = bytes.indexOf(0x0a, from);
    const to = feed === -1 ? bytes.length : feed + 1;
    lines.push(bytes.subarray(from, to));
    from = to;
  }
  return lines;
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8')).equals(bytes);
}
