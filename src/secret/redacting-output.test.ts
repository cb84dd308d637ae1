import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plantSecrets } from '../../test/rig/planted-secrets.ts';
import type { Output } from '../log.ts';
import { redactingOutput } from './redacting-output.ts';
import { ProjectSecrets } from './secrets.ts';

const none = { anchors: [], find: () => [] };
const open = (): ProjectSecrets =>
  new ProjectSecrets({ key: () => Buffer.from('k'), known: () => [], loadRules: async () => none });

function collect(): { readonly output: Output; readonly bytes: () => Buffer } {
  const chunks: Buffer[] = [];
  return {
    output: { write: (chunk) => void chunks.push(Buffer.from(chunk as Uint8Array)), close: () => undefined },
    bytes: () => Buffer.concat(chunks),
  };
}

describe('an output that redacts', () => {
  it('has no secret, however it comes in pieces', () => {
    const planted = plantSecrets(3, 1);
    const text = planted.map(({ line }) => `${line}\n`).join('');
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        const { output, bytes } = collect();
        const redacting = redactingOutput(output, open());
        for (let at = 0, i = 0; at < text.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          redacting.write(text.slice(at, at + size));
          at += size;
        }
        redacting.close();
        const left = planted.filter(({ value }) => bytes().includes(value));
        expect(left.map(({ kind }) => kind)).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('keeps every other byte, also one that is no UTF-8', () => {
    const { output, bytes } = collect();
    const redacting = redactingOutput(output, open());
    const written = Buffer.from([0x61, 0xff, 0xc3, 0x0a, 0x00, 0xfe]);
    redacting.write(written);
    expect(bytes()).toEqual(written.subarray(0, 4));
    redacting.close();
    expect(bytes()).toEqual(written);
  });

  it('does not hold a line without an end for ever', () => {
    const { output, bytes } = collect();
    redactingOutput(output, open()).write('x'.repeat(200_000));
    expect(bytes().length).toBeGreaterThan(100_000);
  });
});
