import { describe, expect, it } from 'vitest';
import type { KnownValue } from './known-values.ts';
import { mapTexts, ProjectSecrets } from './secrets.ts';

const token = `gh${'p'}_${'a1B2'.repeat(9)}`;

function open(known: readonly KnownValue[] = [], key = 'k'): ProjectSecrets {
  const none = { anchors: [], find: () => [] };
  return new ProjectSecrets({ key: () => Buffer.from(key), known: () => known, loadRules: async () => none });
}

describe('redacting', () => {
  it('gives the same placeholder for the same secret, in every text and process of a project, and no other', () => {
    const { text } = open().redact(`use ${token} now`);
    expect(text).toMatch(/^use \[secret:github-token:[0-9a-f]{12}\] now$/);
    expect(open().redact(`again: ${token}`).text).toContain(text.slice(4, -4));
    expect(open([], 'other').redact(`use ${token} now`).text).not.toBe(text);
    expect(open().redact(`use ${token}X now`).text).not.toBe(text);
  });

  it('twice changes nothing more', () => {
    const secrets = open([{ kind: 'env-a', value: 'quiet words' }]);
    const once = secrets.redact(`${token}, quiet words, password = "Tr0ub4dor&3"`).text;
    expect(secrets.redact(once)).toEqual({ text: once, found: [] });
    expect(open().redact(once).text).toBe(once);
  });

  it('tells what was found, and where, without it', () => {
    const { found } = open().redact(`use ${token} now`);
    expect(found).toMatchObject([{ kind: 'github-token', at: 4, sure: true }]);
    expect(JSON.stringify(found)).not.toContain(token);
  });

  it('finds what it has once found where nothing tells that it is a secret', () => {
    const secrets = open();
    expect(secrets.redact('login with Tr0ub4dor&3xyz failed').found).toEqual([]);
    const { text } = secrets.redact('password = "Tr0ub4dor&3xyz"');
    const [placeholder = ''] = /\[secret:.*\]/.exec(text) ?? [];
    expect(secrets.redact('login with Tr0ub4dor&3xyz failed').text).toBe(`login with ${placeholder} failed`);
  });

  it('goes through a value, its fields’ names telling what they hold, and gives the same value back when nothing is in it', () => {
    const secrets = open();
    const value = { a: [token, 1, null], password: 'Tr0ub4dor&3', [token]: true, note: 'nothing' };
    const redacted = JSON.stringify(secrets.redactValue(value));
    expect(redacted).not.toContain(token);
    expect(redacted).not.toContain('Tr0ub4dor');
    expect(redacted).toContain('"note":"nothing"');
    const clean = { a: [1, 'b'], c: { d: null } };
    expect(secrets.redactValue(clean)).toBe(clean);
  });

  it('knows a new value of the environment from then on', () => {
    let known: readonly KnownValue[] = [];
    const none = { anchors: [], find: () => [] };
    const secrets = new ProjectSecrets({
      key: () => Buffer.from('k'),
      known: () => known,
      loadRules: async () => none,
    });
    expect(secrets.redact('quiet words').found).toEqual([]);
    known = [{ kind: 'env-a', value: 'quiet words' }];
    expect(secrets.redact('quiet words').text).toMatch(/^\[secret:env-a:/);
  });

  it('uses the rules that take a moment to load once they are there', async () => {
    const find = (text: string) => [
      { from: 0, to: text.length, kind: 'other', rank: 1, sure: true } as const,
    ];
    const secrets = new ProjectSecrets({
      key: () => Buffer.from('k'),
      known: () => [],
      loadRules: async () => ({ anchors: ['zzz'], find }),
    });
    expect(secrets.redact('zzzebra').found).toEqual([]);
    await secrets.ready();
    expect(secrets.redact('zzzebra').text).toMatch(/^\[secret:other:/);
    expect(secrets.redact('a zebra').found).toEqual([]);
  });
});

describe('putting back', () => {
  it('gives every text its secrets again that this process knows, and leaves the other placeholders', () => {
    const secrets = open([{ kind: 'env-a', value: 'quiet words' }]);
    const value = { text: `${token} and quiet words`, list: [{ b: encodeURIComponent('quiet words') }] };
    expect(secrets.putBack(secrets.redactValue(value))).toEqual(value);
    const other = open().redactValue(value);
    expect(open().putBack(other)).toEqual(other);
  });

  it('knows the values of the environment without having met them', () => {
    const known = [{ kind: 'env-a', value: 'quiet words' }];
    const stored = open(known).redact('say quiet words').text;
    const later = open(known);
    later.redact('something else');
    expect(later.putBack(stored)).toBe('say quiet words');
  });
});

describe('the texts of a value', () => {
  it('are told with the name of their field', () => {
    const seen: string[] = [];
    mapTexts({ a: ['x', { b: 'y' }] }, (text, name) => (seen.push(`${name ?? '-'}=${text}`), text));
    expect(seen.toSorted()).toEqual(['-=a', '-=b', 'a=x', 'b=y']);
  });
});
