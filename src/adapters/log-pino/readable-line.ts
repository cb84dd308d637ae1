/** What every line has and a reader of the terminal knows. */
const known = new Set(['level', 'time', 'name', 'pid', 'msg', 'err', 'error']);

/** `08:14:29 INFO  paused  agents=3`, and an error's stack below it. Pure. */
export function readableLine(json: string): string {
  const line = JSON.parse(json) as Readonly<Record<string, unknown>>;
  const time = String(line['time']).slice(11, 19);
  const fields = Object.entries(line)
    .filter(([key]) => !known.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const head = [time, String(line['level']).toUpperCase().padEnd(5), String(line['msg']), ...fields].join(
    ' ',
  );
  return [head, ...stacksOf(line['err'] ?? line['error'])].join('\n') + '\n';
}

function stacksOf(error: unknown): readonly string[] {
  if (error === undefined) return [];
  if (typeof error !== 'object' || error === null) return [indented(JSON.stringify(error))];
  const { stack, message, cause } = error as Readonly<Record<string, unknown>>;
  const text = [stack, message].find((one) => typeof one === 'string') ?? JSON.stringify(error);
  return cause === undefined ? [indented(text)] : [indented(text), '  caused by', ...stacksOf(cause)];
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
