import { expect, test } from 'vitest';
import { leftBy } from './turn-left.ts';

test.each([
  ['waits at the gateway', { calls: 0, held: 1, tools: 0, asks: false }, 'held'],
  ['asks for a permission', { calls: 0, held: 0, tools: 0, asks: true }, 'asking'],
  ['asks while a tool runs beside it', { calls: 0, held: 0, tools: 1, asks: true }, 'cut-in-tool'],
  ['asks while a model call is answered beside it', { calls: 1, held: 0, tools: 0, asks: true }, 'cut'],
  ['has a call that waits while a tool runs', { calls: 0, held: 1, tools: 1, asks: false }, 'cut-in-tool'],
  ['is being answered', { calls: 1, held: 1, tools: 0, asks: false }, 'cut'],
  ['is in a tool of which it does not tell', { calls: 0, held: 0, tools: 0, asks: false }, 'cut-in-tool'],
])('an agent that %s', (_, { calls, held, tools, asks }, left) => {
  const line = { inFlight: () => calls, held: () => held };
  expect(leftBy(line, { toolsRunning: tools, isAsking: asks })).toBe(left);
});
