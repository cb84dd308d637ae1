import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SseReader } from './sse-reader.ts';

it('reads the same events wherever the stream is cut', () => {
  const stream =
    ': hello\nevent: a\ndata: {"n":1}\n\ndata: {"n":\ndata: 2}\r\n\r\ndata: broken\n\ndata: [DONE]\n\ndata: {"n":3}';
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length)), (cuts) => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
      const reader = new SseReader();
      const events = at.slice(1).flatMap((to, index) => reader.push(stream.slice(at[index], to)));
      const all = [...events, ...reader.end()];
      expect(all).toEqual(['{"n":1}', '{"n":2}', 'broken', '[DONE]', '{"n":3}']);
    }),
  );
});
