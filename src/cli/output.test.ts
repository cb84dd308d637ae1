import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { clean, indented, Output, tolerateBrokenPipes } from './output.ts';
import { table } from './table.ts';

function capture(options: { readonly json?: boolean; readonly color?: boolean } = {}) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const out = new Output({
    stdout: stdout as unknown as NodeJS.WriteStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
    json: options.json ?? false,
    color: options.color ?? false,
    gone: new AbortController().signal,
  });
  const text = (stream: PassThrough): string => (stream.read() as Buffer | null)?.toString() ?? '';
  return { out, text: { stdout: () => text(stdout), stderr: () => text(stderr) } };
}

const hostile = 'a\u001b]0;title\u0007b\u009b31mc\u202ed\re\nf\tg\u0000h';

test('what an agent says cannot drive the terminal', () => {
  expect(clean(hostile)).toBe(String.raw`a\x1b]0;title\x07b\x9b31mc\u{202e}d\x0de\nf\tg\x00h`);
});

test('every part of a printed line is cleaned, styled or not, on both streams', () => {
  const { out, text } = capture({ color: true });
  out.show({}, () => [['x', { text: hostile, style: 'red' }]]);
  out.note(hostile);
  for (const printed of [text.stdout(), text.stderr()]) {
    // eslint-disable-next-line no-control-regex -- exactly these must not be there
    expect(printed.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  }
});

test('JSON is one line, exact, and free of characters that a terminal obeys', () => {
  const { out, text } = capture({ json: true });
  out.show({ said: hostile }, () => ['words']);
  const printed = text.stdout();
  expect(printed.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  expect(JSON.parse(printed)).toEqual({ said: hostile });
});

test('with --json notes are silent and failures are objects on standard output', () => {
  const { out, text } = capture({ json: true });
  out.note('words');
  out.tell({ error: 1 }, () => ['words']);
  expect(text.stderr()).toBe('');
  expect(text.stdout()).toBe('{"error":1}\n');
});

test('a reader that went away is told to those who follow, and is no failure', () => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const gone = tolerateBrokenPipes(
    stdout as unknown as NodeJS.WriteStream,
    stderr as unknown as NodeJS.WriteStream,
  );
  stderr.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  expect(gone.aborted).toBe(false);
  stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  expect(gone.aborted).toBe(true);
  expect(() => stdout.emit('error', Object.assign(new Error('EIO'), { code: 'EIO' }))).toThrow('EIO');
});

test('columns are as wide as their widest cell, and cells are cut and cleaned', () => {
  const { out, text } = capture();
  out.show({}, () =>
    table(
      ['A', 'LONG'],
      [
        ['wide', { text: 'x'.repeat(80), style: 'red' }],
        ['\u001b', ''],
      ],
    ),
  );
  const lines = text.stdout().split('\n');
  expect(lines[0]).toBe('A     LONG');
  expect(lines[1]).toBe(`wide  ${'x'.repeat(59)}…`);
  expect(lines[2]).toBe(String.raw`\x1b  `);
});

test('text of several lines is indented line by line', () => {
  expect(indented('a\nb')).toEqual(['  a', '  b']);
});
