import type { AgentSession } from '../agent/session.ts';
import { livingItem, redactItem } from './remembered-item.ts';
import type { Secrets } from './secrets.ts';

/**
 * An agent's session as its driver has it: what it is given has the secrets that this process knows, so that a model
 * that read a key can use it; what it hands over is stored and counted without.
 */
export function livingSession(session: AgentSession, secrets: Secrets): AgentSession {
  return {
    async items() {
      return (await session.items()).map((item) => livingItem(secrets, item));
    },
    async stubs() {
      const stubs = await session.stubs();
      return new Map([...stubs].map(([id, shown]) => [id, secrets.putBack(shown)]));
    },
    async interrupted() {
      return (await session.interrupted()).map(({ intent, ...step }) => ({
        ...step,
        intent: secrets.putBack(intent),
      }));
    },
    async remember(items) {
      const rows = await session.remember(items.map((item) => redactItem(secrets, item)));
      return rows.map((row) => livingItem(secrets, row));
    },
    beginStep: (start) => session.beginStep(start),
    endStep: (step, { items, ...end }) =>
      session.endStep(step, {
        ...end,
        ...(items === undefined ? {} : { items: items.map((item) => redactItem(secrets, item)) }),
      }),
    ask: (question, subject) => session.ask(question, subject),
    async recall(query) {
      return secrets.putBack(await session.recall(query));
    },
    async answers() {
      return secrets.putBack(await session.answers());
    },
    tellWaiting: (waitMs, problem) => session.tellWaiting(waitMs, problem),
    home: () => session.home(),
    tellSecretSent: (kind) => session.tellSecretSent(kind),
    tellSessionLost: (problem) => session.tellSessionLost(problem),
    keepHome: (change) => session.keepHome(change),
    makeRoom: (window) => session.makeRoom(window),
  };
}
