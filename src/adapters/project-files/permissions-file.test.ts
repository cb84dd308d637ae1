import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PermissionMemory, RememberedPermissions } from '../../agent/permissions.ts';
import { openPermissions } from './permissions-file.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'permissions-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function confirm(memory: PermissionMemory, rule: string): void {
  memory.change((remembered) => ({ ...remembered, confirmed: [...remembered.confirmed, rule] }));
}

describe('what people have said for good', () => {
  it('is there for who opens it next, and leaves nothing else behind', () => {
    expect(openPermissions(dir).read()).toEqual({ lines: [], confirmed: [], agents: [] });
    for (const rule of ['one', 'two', 'three']) confirm(openPermissions(dir), rule);
    expect(openPermissions(dir).read().confirmed).toEqual(['one', 'two', 'three']);
    expect(readdirSync(join(dir, 'permissions'))).toEqual(['3.json']);
  });

  it.each([1, 2, 3])('is not lost by one who changes it while another changes it %i times', (times) => {
    const others = Array.from({ length: times }, (_, index) => `other ${index}`);
    let isFirst = true;
    openPermissions(dir).change((remembered): RememberedPermissions => {
      if (isFirst) for (const rule of others) confirm(openPermissions(dir), rule);
      isFirst = false;
      return { ...remembered, confirmed: [...remembered.confirmed, 'own'] };
    });
    expect(openPermissions(dir).read().confirmed).toEqual([...others, 'own']);
    expect(readdirSync(join(dir, 'permissions'))).toHaveLength(1);
  });

  it('is taken over from the file of older versions', () => {
    const said = { line: 'npm publish', permission: 'deny', at: 1 };
    writeFileSync(join(dir, 'permissions.json'), JSON.stringify({ lines: [said], confirmed: ['ls'] }));
    const memory = openPermissions(dir);
    expect(memory.read()).toEqual({ lines: [said], confirmed: ['ls'], agents: [] });
    confirm(memory, 'pwd');
    expect(memory.read()).toEqual({ lines: [said], confirmed: ['ls', 'pwd'], agents: [] });
  });

  it('is not taken for nothing when it is damaged', () => {
    confirm(openPermissions(dir), 'ls');
    writeFileSync(join(dir, 'permissions', '1.json'), '{"lines":[');
    expect(() => openPermissions(dir).read()).toThrow('corrupt-config');
    expect(() => confirm(openPermissions(dir), 'pwd')).toThrow('corrupt-config');
  });
});
