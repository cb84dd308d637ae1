import type { ConfigPermissions, RememberedPermissions } from './permissions.ts';

/** Why rules do not reach an agent that asks nobody before it runs a command, by its driver. */
const whyUnheeded: Readonly<Record<string, string>> = {
  codex:
    "it asks nobody before it runs a command: --allow '**' lets it run everything, without that, or with a rule that " +
    'denies or asks, its own sandbox holds it (it writes in its directory alone); other rules do not reach it',
  pi: 'it asks nobody before it runs a command and has no sandbox: no rule reaches it',
  command: 'a program runs what it wants: no rule reaches it',
};

/** What is to be known of an agent whose commands no rule can stop; null where rules hold. */
export function unheededBy(driver: string): string | null {
  return whyUnheeded[driver] ?? null;
}

/** Whether something is there that such an agent would have to heed: what denies, what asks, what a person said never to. */
export function hasFence(config: ConfigPermissions, remembered: RememberedPermissions): boolean {
  const isDenied = remembered.lines.some(({ permission }) => permission === 'deny');
  return isDenied || [config.deny, config.ask].some((rules) => (rules ?? []).length > 0);
}
