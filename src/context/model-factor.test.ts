import { describe, expect, it } from 'vitest';
import { learnFactor, type ModelFactorRow } from './model-factor.ts';

const call = { model: 'm', method: 'o200k', counted: 1000, at: 5 };

describe('the factor of a model', () => {
  it('is what the first call says, then follows the later ones', () => {
    let row: ModelFactorRow | null = learnFactor(undefined, { ...call, inputTokens: 1300 });
    expect(row).toEqual({ model: 'm', method: 'o200k', factor: 1.3, calls: 1, updatedAt: 5 });
    for (let n = 0; n < 30; n += 1) row = learnFactor(row ?? undefined, { ...call, inputTokens: 1100 });
    expect(row?.factor).toBeCloseTo(1.1, 2);
    expect(row?.calls).toBe(31);
  });

  it('learns nothing from a short prompt or a provider that does not count, and little from one odd call', () => {
    expect(learnFactor(undefined, { ...call, counted: 20, inputTokens: 900 })).toBeNull();
    expect(learnFactor(undefined, { ...call, inputTokens: 0 })).toBeNull();
    const known = { model: 'm', method: 'o200k', factor: 1, calls: 9, updatedAt: 1 };
    expect(learnFactor(known, { ...call, inputTokens: 1e9 })?.factor).toBeCloseTo(1.6);
  });
});
