import { lstatSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isAsBefore } from './what-is-there.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'codeframe-there-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('knows a file by the signature that a scan made of it, whatever its times', () => {
  const path = join(dir, 'f');
  writeFileSync(path, 'x');
  for (const seconds of [0, 1.5, -3.25, 1_763_900_000.123_456, 4_000_000_000.999_999]) {
    utimesSync(path, seconds, seconds);
    const { size, mtimeMs, ctimeMs, ino: inode, dev: device } = lstatSync(path);
    const stat = { size, mtimeMs, ctimeMs, inode, device };
    // No file has this object: only the signature can tell.
    const before = { kind: 'file', mode: 0o644, object: '0'.repeat(40) } as const;
    expect(isAsBefore(Buffer.from(path), { ...before, stat })).toBe(true);
    expect(isAsBefore(Buffer.from(path), { ...before, stat: { ...stat, mtimeMs: mtimeMs + 0.5 } })).toBe(
      false,
    );
  }
});
