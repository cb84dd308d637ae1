import { newHome, type HomeRow } from '../../agent/home.ts';
import type { AgentSession, StepStart } from '../../agent/session.ts';
import type { StepRow } from '../../agent/step.ts';

/** The session of an agent that is only tried: nothing of it is kept but what it needs to go on. */
export class TrialSession implements AgentSession {
  #home: HomeRow | null = null;
  #steps = 0;
  lost: string | null = null;

  async beginStep(start: StepStart): Promise<StepRow> {
    this.#steps += 1;
    const { kind, name, effect, intent } = start;
    const place = { id: `s${this.#steps}`, agent: 'trial', seq: this.#steps, taskId: 1, epoch: 1 };
    const none = { callId: null, parentId: null, repeats: null, outcome: null, lateOutcome: null };
    return { ...place, ...none, kind, name, effect, intent, status: 'started', startedAt: 0, endedAt: null };
  }

  async home(): Promise<HomeRow | null> {
    return this.#home;
  }

  async keepHome(change: Partial<Omit<HomeRow, 'agent'>>): Promise<void> {
    this.#home = { ...newHome, ...this.#home, ...change, agent: 'trial' };
  }

  async tellSessionLost(problem: string): Promise<void> {
    this.lost = problem;
  }

  items = async (): ReturnType<AgentSession['items']> => [];
  stubs = async (): ReturnType<AgentSession['stubs']> => new Map<string, string>();
  interrupted = async (): ReturnType<AgentSession['interrupted']> => [];
  remember = async (): ReturnType<AgentSession['remember']> => [];
  endStep = async (): Promise<boolean> => true;
  tellSecretSent = async (): Promise<void> => undefined;
  tellWaiting = async (): Promise<void> => undefined;
  makeRoom = async (): Promise<boolean> => false;
  ask = async (): Promise<string> => 'b1';
  recall = async (): ReturnType<AgentSession['recall']> => [];
  answers = async (): ReturnType<AgentSession['answers']> => [];
}
