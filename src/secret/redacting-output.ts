import type { Output } from '../log.ts';
import type { Secrets } from './secrets.ts';

/** A line may be this long before it is written although its end has not come. */
const heldMax = 64 * 1024;
/** What is held back of such a line, and of what looks like a key that has only begun. */
const overlap = 8 * 1024;

/**
 * An output in which no secret is left, also when it comes in pieces: it is written line by line, a private key all at
 * once. What a line has of bytes that are no UTF-8 stays as it is.
 */
export function redactingOutput(output: Output, secrets: Pick<Secrets, 'redact'>): Output {
  let held = '';
  return {
    write(chunk) {
      held += Buffer.from(chunk as Uint8Array).toString('latin1');
      const cut = safeCut(held);
      if (cut === 0) return;
      emit(held.slice(0, cut));
      held = held.slice(cut);
    },
    close() {
      if (held !== '') emit(held);
      held = '';
      output.close();
    },
  };

  function emit(text: string): void {
    output.write(Buffer.from(secrets.redact(text).text, 'latin1'));
  }
}

/** How much may be written: up to the last end of a line that is in no key. */
function safeCut(text: string): number {
  const line = text.lastIndexOf('\n') + 1;
  const begin = text.lastIndexOf('-----BEGIN');
  const open = begin !== -1 && text.indexOf('-----END', begin) === -1;
  const cut = open ? Math.min(line, text.lastIndexOf('\n', begin) + 1) : line;
  if (text.length - cut <= heldMax) return cut;
  const end = text.length - overlap;
  const gap = /[\s"',;](?=[^\s"',;]*$)/.exec(text.slice(end - overlap, end));
  return gap === null ? end : end - overlap + gap.index + 1;
}
