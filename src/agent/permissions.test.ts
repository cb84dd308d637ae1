import { describe, expect, it } from 'vitest';
import {
  allowsAll,
  isYes,
  permissionFor,
  rulesFor,
  standingAnswer,
  unconfirmedRules,
  withConfirmed,
  type PermissionRules,
} from './permissions.ts';

const none: PermissionRules = { allow: [], ask: [], deny: [], lines: [] };
const said = (line: string, permission: 'allow' | 'deny') => [{ line, permission, at: 1 }];

describe('what an agent may run', () => {
  it.each<[string, Partial<PermissionRules>, string]>([
    ['ask', {}, 'npm test'],
    ['allow', { allow: ['npm *'] }, 'npm test'],
    ['ask', { allow: ['npm *'], ask: ['npm publish*'] }, 'npm publish'],
    ['deny', { allow: ['**'], ask: ['**'], deny: ['npm publish*'] }, 'npm publish'],
    ['deny', { allow: ['**'], deny: ['npm publish*'] }, 'npm test && npm publish'],
    ['allow', { ask: ['npm publish*'], lines: said('npm publish', 'allow') }, ' npm publish '],
    ['deny', { allow: ['**'], lines: said('npm publish', 'deny') }, 'npm publish'],
    ['deny', { deny: ['npm publish*'], lines: said('npm publish', 'allow') }, 'npm publish'],
    // An answer is about that line, and no pattern.
    ['ask', { lines: said('rm *.o', 'allow') }, 'rm a.c b.o'],
  ])('is decided as %s by %j: %s', (permission, rules, line) => {
    expect(permissionFor({ ...none, ...rules }, line)).toBe(permission);
  });

  it('is what the config and its own settings allow only as far as somebody here confirmed it', () => {
    const config = { allow: ['npm *', '**'], deny: ['rm *'] };
    const agent = { name: 'ada', settings: { allow: ['ls', 'cat *'] } };
    const agents = [
      { agent: 'ada', rule: 'ls' },
      { agent: 'bob', rule: 'cat *' },
    ];
    const remembered = { lines: [], confirmed: ['npm *', 'gone *'], agents };
    const rules = rulesFor({ config, remembered, agent, run: ['make'] });
    expect(rules).toEqual({ allow: ['npm *', 'ls', 'make'], ask: [], deny: ['rm *'], lines: [] });
    const waiting = unconfirmedRules(config, [agent], remembered);
    expect(waiting).toEqual([
      { agent: null, rule: '**' },
      { agent: 'ada', rule: 'cat *' },
    ]);
    const confirmed = withConfirmed(withConfirmed(remembered, waiting), waiting);
    expect(unconfirmedRules(config, [agent], confirmed)).toEqual([]);
    expect(confirmed.agents).toEqual([...agents, { agent: 'ada', rule: 'cat *' }]);
  });

  it('is everything only when nothing is to be asked or denied', () => {
    expect(allowsAll({ ...none, allow: ['**'] })).toBe(true);
    expect(allowsAll({ ...none, allow: ['**'], ask: ['x'] })).toBe(false);
    expect(allowsAll({ ...none, allow: ['**'], deny: ['x'] })).toBe(false);
    expect(allowsAll({ ...none, allow: ['**'], lines: said('x', 'deny') })).toBe(false);
    expect(allowsAll({ ...none, allow: ['*'] })).toBe(false);
  });
});

describe('an answer', () => {
  it.each([
    ['yes', true, null],
    ['Always, please', true, 'allow'],
    ['never', false, 'deny'],
    ['no', false, null],
    ['not always', false, null],
  ])('%s', (answer, yes, standing) => {
    expect(isYes(answer)).toBe(yes);
    expect(standingAnswer(answer)).toBe(standing);
  });
});
