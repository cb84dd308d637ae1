import type { Secrets } from './secrets.ts';

/** A line of the log, which is a JSON object, without secrets: its texts are looked at one by one, as they are meant. */
export function redactLine(secrets: Pick<Secrets, 'redact' | 'redactValue'>, line: string): string {
  const parsed = parse(line);
  if (parsed === undefined) return secrets.redact(line).text;
  const redacted = secrets.redactValue(parsed);
  return redacted === parsed ? line : `${JSON.stringify(redacted)}\n`;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
