import { flashSave, type FlashSaved } from '../context/flash-save.ts';
import { recall, type Recalled, type RecallQuery } from '../context/recall.ts';
import { CodeframeError } from '../failure.ts';
import { takeLease } from './lease.ts';
import type { RunnerPorts } from './ports.ts';
import { recover } from './recover.ts';

export interface AgentSaved extends FlashSaved {
  readonly agent: string;
}

/** Saves the memory of one agent or of all, as the project's owner. Throws `project-owned` while a runner has it. */
export async function flashSaveByHand(
  ports: RunnerPorts,
  request: { readonly agent?: string; readonly target?: number },
): Promise<readonly AgentSaved[]> {
  const held = await takeLease(ports, 'context flash-save');
  try {
    await recover(ports, held);
    const agents = await ports.store.read((tx) => tx.list('agents'));
    const names = agents.map(({ name }) => name);
    if (request.agent !== undefined && !names.includes(request.agent))
      throw new CodeframeError({ code: 'unknown-id', kind: 'agent', id: request.agent, near: [] });
    const target = request.target ?? ports.flashSave.target;
    const saved: AgentSaved[] = [];
    for (const agent of request.agent === undefined ? names : [request.agent]) {
      const figures = await flashSave(ports, {
        agent,
        // Who asks for it by hand means it, whatever the settings say of saves that nobody asks for.
        settings: { ...ports.flashSave, off: false, target },
        fence: held.fence,
        cause: 'asked',
        pauseId: null,
      });
      saved.push({ agent, ...figures });
    }
    return saved;
  } finally {
    await held.release();
  }
}

/** Archived pieces for a person; each is in its agent's prompt again. Throws `unknown-id` for an id that none has. */
export async function recallByHand(ports: RunnerPorts, query: RecallQuery): Promise<readonly Recalled[]> {
  const found = await ports.store.write((tx) => recall(tx, ports, query));
  if (found.length > 0 || !('id' in query)) return found;
  throw new CodeframeError({ code: 'unknown-id', kind: 'archived piece', id: query.id, near: [] });
}
