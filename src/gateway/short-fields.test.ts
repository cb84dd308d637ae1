import { expect, test } from 'vitest';
import { field } from './json.ts';
import { shortFields } from './short-fields.ts';

const messages = Array.from({ length: 500 }, (_, n) => ({
  role: 'user',
  content: `"said" {${n}} \\ ]`.repeat(20),
}));

test('has the short fields of a long body, wherever they stand, and not those of what is in it', () => {
  const raw = JSON.stringify({
    tools: [{ model: 'no' }],
    messages,
    stream: true,
    model: 'the "model"',
    system: 'long',
  });
  expect(shortFields(raw)).toEqual({
    tools: null,
    messages: null,
    stream: true,
    model: 'the "model"',
    system: null,
  });
});

test('has all of a short body', () => {
  expect(shortFields('{"model":"m","messages":[1]}')).toEqual({ model: 'm', messages: [1] });
});

test.each(['{', '[]', '{"model', '"text"', 'no JSON', '{"model":"m",'])(
  'ends with a long %s that is no body',
  (start) => {
    const found = shortFields(start + ' '.repeat(20_000));
    expect(field(found, 'messages')).toBeUndefined();
  },
);
