import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plantSecrets } from '../../../test/rig/planted-secrets.ts';
import { environmentValues } from './environment-values.ts';
import { openSecrets } from './open-secrets.ts';
import { secretKey } from './secret-key.ts';
import { secretlintRules } from './secretlint-rules.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'codeframe-secrets-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('the key of fingerprints', () => {
  it('is made once, for its owner alone', () => {
    const path = join(dir, 'key');
    const key = secretKey(path);
    expect(key).toHaveLength(32);
    expect(secretKey(path)).toEqual(key);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is one for the process where none can be written', () => {
    expect(secretKey(join(dir, 'nowhere', 'key'))).toHaveLength(32);
  });
});

describe('the values of the environment', () => {
  const valuesOf = (env: Record<string, string>): readonly string[] =>
    environmentValues({ root: dir, env })().map(({ value }) => value);

  it('are those of variables that are named like secrets, and passwords in addresses', () => {
    const env = {
      DEPLOY_TOKEN: 'some long value',
      AWS_SECRET_ACCESS_KEY: 'another/long+value',
      DATABASE_URL: 'postgres://app:p%40ssw0rd@db/app',
      HOME: '/home/somebody',
      PWD: '/home/somebody/project',
    };
    expect(valuesOf(env)).toEqual(
      expect.arrayContaining([
        'some long value',
        'another/long+value',
        'p%40ssw0rd',
        'p@ssw0rd',
        env.DATABASE_URL,
      ]),
    );
    expect(valuesOf(env)).toHaveLength(5);
  });

  it('are not short ones, paths, or words that mean nothing', () => {
    const env = {
      API_KEY: 'short',
      SSH_KEY_PATH: '/home/ada/.ssh/id_rsa',
      SECRET_MODE: 'production',
      GIT_TOKEN: 'changeme',
    };
    expect(valuesOf(env)).toEqual([]);
  });

  it('are those of .env files too, but of examples', () => {
    mkdirSync(join(dir, 'api'));
    writeFileSync(
      join(dir, '.env'),
      '# a comment\nexport API_KEY="two words here"\nPORT=8080\nSIGNER=a1B2c3D4e5F6g7H8 # why\n',
    );
    writeFileSync(join(dir, 'api', '.env.local'), "DB_PASSWORD='one two three'\n");
    writeFileSync(join(dir, '.env.example'), 'API_KEY=not this one at all\n');
    expect([...valuesOf({})].toSorted()).toEqual(['a1B2c3D4e5F6g7H8', 'one two three', 'two words here']);
  });

  it('give the same list as long as nothing changes', () => {
    const known = environmentValues({ root: dir, env: { A_TOKEN: 'some long value' } });
    expect(known()).toBe(known());
  });
});

describe('secretlint’s rules', () => {
  const rules = secretlintRules();

  it('are asked of every text in which they find something', () => {
    const found = [1, 2, 3].flatMap((seed) =>
      plantSecrets(seed).filter(({ line }) => rules.find(line).length > 0),
    );
    expect(new Set(found.map(({ kind }) => kind)).size).toBeGreaterThan(15);
    const unasked = found.filter(
      ({ line }) => !rules.anchors.some((anchor) => line.toLowerCase().includes(anchor)),
    );
    expect(unasked.map(({ kind }) => kind)).toEqual([]);
  });

  it('do not heed a text that says what to ignore', async () => {
    const { secrets } = openSecrets({ root: dir, dataDir: dir, env: {} });
    await secrets.ready();
    const token = `gl${'pat'}-${'a1B2'.repeat(5)}`;
    expect(secrets.redact(`// secretlint-disable\n${token} // secretlint-disable-line`).text).not.toContain(
      token,
    );
  });
});
