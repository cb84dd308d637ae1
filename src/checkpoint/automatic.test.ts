import { describe, expect, it } from 'vitest';
import { defaultCheckpointSettings, isRisky } from './automatic.ts';
import { checkpointSettings } from './automatic-settings.ts';

describe('a risky command', () => {
  it.each([
    'rm -rf build',
    'rm -fr .',
    'rm  -r   x',
    'git reset --hard HEAD~1',
    'git clean -fdx',
    'git checkout -- .',
    'cd sub && git stash',
    'ls; rm -rf x',
    'sudo rm -rf x',
    'FOO=1 BAR=2 rm -r x',
    '/bin/rm -rf x',
    'sh -c "rm -rf x"',
    "bash -c 'git reset --hard'",
    'echo $(rm -rf x)',
    'find . -name x -delete',
    'cat list | xargs rm -rf',
    'if true; then rm -rf x; fi',
  ])('%s', (line) => {
    expect(isRisky(defaultCheckpointSettings.beforeCommands, line)).toBe(true);
  });

  it.each([
    'ls',
    'npm test',
    'git status',
    'git log',
    'grep -r rm .',
    'echo form -r',
    'git commit -m "x"',
    '',
  ])('%s is none', (line) => {
    expect(isRisky(defaultCheckpointSettings.beforeCommands, line)).toBe(false);
  });

  it('is what the config says', () => {
    expect(isRisky(['npm run migrate*'], 'npm run migrate:prod')).toBe(true);
    expect(isRisky([], 'rm -rf /')).toBe(false);
  });
});

describe('the settings of checkpoints', () => {
  it('are sane when the config says nothing', () => {
    expect(checkpointSettings()).toEqual(defaultCheckpointSettings);
  });

  it('are what the config says', () => {
    const config = {
      every: '30s',
      afterTask: false,
      beforeCommands: ['x'],
      cleanup: { keep: 3, keepWithin: '24h', maxSize: '5GB' },
      reclaimAfter: '1d',
      undoFor: '30d',
      warnAt: '800MB',
    };
    expect(checkpointSettings(config)).toEqual({
      everyMs: 30_000,
      afterTask: false,
      beforeCommands: ['x'],
      cleanup: { keep: 3, keepWithinMs: 86_400_000, maxSizeBytes: 5_000_000_000 },
      reclaimAfterMs: 86_400_000,
      undoForMs: 2_592_000_000,
      warnBytes: 800_000_000,
    });
    expect(checkpointSettings({ every: false }).everyMs).toBeNull();
  });
});
