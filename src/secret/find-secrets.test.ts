import { describe, expect, it } from 'vitest';
import { plantSecrets } from '../../test/rig/planted-secrets.ts';
import { createSecretFinder } from './find-secrets.ts';
import { placeholderFor } from './placeholder.ts';

const find = createSecretFinder([]);

/** The text with a `#` in the place of each secret. */
function masked(text: string, finder = find): string {
  return finder(text).reduceRight((done, { from, to }) => `${done.slice(0, from)}#${done.slice(to)}`, text);
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);

describe('what the rules find', () => {
  it.each([
    ['in a line', (text: string) => `before\n${text}\nafter`, (value: string) => value],
    ['in JSON', (text: string) => JSON.stringify({ text }), escaped],
    [
      'in JSON in JSON',
      (text: string) => JSON.stringify(JSON.stringify({ text: `x\n${text}` })),
      (value: string) => escaped(escaped(value)),
    ],
    ['without an end of line before or behind it', (text: string) => text, (value: string) => value],
  ])('is each of 65 kinds %s', (_, write, asWritten) => {
    const missed = [1, 2, 3].flatMap((seed) =>
      plantSecrets(seed).filter(({ line, value }) => {
        const text = write(line);
        expect(text).toContain(asWritten(value));
        return masked(text).includes(asWritten(value));
      }),
    );
    expect(missed.map(({ kind }) => kind)).toEqual([]);
  });

  it.each([
    'const password = getPassword(user);',
    'password: string;',
    'if (token === undefined) return null;',
    'const token = tokens[index];',
    'export DB_PASSWORD=$(cat /run/secrets/db)',
    'password: ${{ secrets.DB_PASSWORD }}',
    'apiKey: process.env.OPENAI_API_KEY,',
    "password: '<your password>'",
    'api_key = "your-api-key-here"',
    '"integrity": "sha512-fYGYJ2VTyFfLnuvHdPTNAcHXUyCi3sB5tK0qTQW3HxRqDP2Vd5Z1sQ=="',
    'commit 9fceb02d0ae598e95dc970b74767f19372d61af8',
    'cacheKey: "src/components/Button.tsx:default"',
    'key: "ArrowLeft"',
    'https://example.com:8080/path?key=value',
    'git@github.com:owner/repository.git',
    '<input type="password" name="password">',
    'maxTokens: 4096, tokenizer: "o200k_base"',
    'SSH_KEY_PATH=/home/ada/.ssh/id_ed25519',
    'the password is checked by the server',
    '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----',
    'task-runner risk-free disk-usage',
    'id: "550e8400-e29b-41d4-a716-446655440000"',
  ])('is nothing in: %s', (line) => {
    expect(find(line)).toEqual([]);
  });

  it('leaves what stands around a secret', () => {
    const value = `hunter${'2'}!Tr0ub4dor`;
    expect(masked(`{"user":"ada","password":"${value}","port":5432}`)).toBe(
      '{"user":"ada","password":"#","port":5432}',
    );
    expect(masked(`postgres://ada:${value}@db:5432/shop?ssl=1`)).toBe('postgres://ada:#@db:5432/shop?ssl=1');
    expect(masked(`PASSWORD=${value} npm start`)).toBe('PASSWORD=# npm start');
  });

  it('is not a placeholder, nor a part of one', () => {
    const placeholder = placeholderFor('github-token', '0123456789ab');
    for (const text of [
      placeholder,
      `password = "${placeholder}"`,
      `token: ${placeholder}`,
      `https://a:${placeholder}@b.c/`,
    ])
      expect(find(text)).toEqual([]);
  });

  it('is a key that was cut off at its start or at its end', () => {
    const key = plantSecrets(1).find(({ kind }) => kind === 'rsa-key')?.value ?? '';
    const lines = key.split('\n');
    for (const part of [lines.slice(0, -3), lines.slice(3)]) {
      const left = masked(part.join('\n'));
      for (const line of part.slice(1, -1)) expect(left).not.toContain(line);
    }
  });

  it('comes in time from texts that are made to take long', { timeout: 60_000 }, () => {
    const length = 500_000;
    const starts = [
      'eyJ',
      'eyJ.eyJ',
      'sk-',
      '-----BEGIN PRIVATE KEY-----',
      'password',
      'password=',
      'password = "',
      'key: ',
      '://a:',
      'T3BlbkFJ',
      'Bearer ',
      '-us',
      'a-',
      'xoxb-',
      '.G',
      '-----END PRIVATE KEY-----',
      '\\',
      '"',
      'auth": "',
      'AAAAAAAAAAAAAAAAAAAAAA%2F',
      'LS0tLS1CRUdJTi',
      'private-lines: 1 ',
    ];
    for (const start of starts) find(start.repeat(Math.ceil(length / start.length)));
    for (const start of starts) find(`${start}${'a'.repeat(length)}`);
  });

  it('stands where it was, beside half surrogate pairs', () => {
    const token = `gh${'p'}_${'a1B2'.repeat(9)}`;
    expect(masked(`\ud83d ${token} \ude00`)).toBe('\ud83d # \ude00');
  });
});

describe('known values', () => {
  const value = 'quiet words, "quoted" & größer';
  const known = createSecretFinder([{ kind: 'env-a', value }]);

  it.each([
    ['as they are', value],
    ['in base64', Buffer.from(value).toString('base64')],
    ['in base64 for addresses', Buffer.from(value).toString('base64url')],
    ['in an address', encodeURIComponent(value)],
    ['in a form', encodeURIComponent(value).replaceAll('%20', '+')],
    ['in JSON', escaped(value)],
    ['in hexadecimal', Buffer.from(value).toString('hex')],
    ['as bytes of an output', Buffer.from(value).toString('latin1')],
  ])('are found %s', (_, written) => {
    expect(masked(`x ${written} y`, known)).toBe('x # y');
    expect(known(`x ${written} y`)[0]).toMatchObject({ rank: 3, sure: true });
  });

  it.each(['', 'a', 'ab'])('are found in base64 that begins with %j before them', (before) => {
    const written = Buffer.from(`${before}${value}b`).toString('base64');
    expect(masked(written, known)).not.toContain(written.slice(4, -4));
    expect(masked(written, known).length).toBeLessThan(9);
  });

  it('are found where a text was cut inside one', () => {
    expect(masked('it was quiet words, "quo', known)).toBe('it was #');
    expect(masked('it was quiet words, "quo…', known)).toBe('it was #…');
    expect(masked('quiet words, he said', known)).toBe('quiet words, he said');
  });
});
