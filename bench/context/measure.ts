import { readShown, type Shown, type StepNeeds } from './needs.ts';
import type { SessionItem } from './sessions.ts';

/** What a policy answers: what `planFlashSave` answers, of which the measurement needs only this. */
export interface Answer {
  readonly prompt: readonly { readonly id: string; readonly text: string }[];
}

/** One pause, measured. */
export interface PauseScore {
  readonly session: string;
  readonly tokensBefore: number;
  readonly tokensAfter: number;
  readonly stepsWithNeed: number;
  readonly faultedSteps: number;
  readonly editSteps: number;
  readonly faultedEditSteps: number;
  readonly cleanNext20: boolean;
  /** Tokens of the archived text that a recall of every fault would bring back, each item once. */
  readonly tokensRecalled: number;
  readonly ms: number;
}

export interface Judged {
  readonly session: string;
  readonly items: readonly SessionItem[];
  readonly needs: readonly StepNeeds[];
  readonly read: (item: SessionItem) => Shown;
  readonly count: (text: string) => number;
  /** Terms and lines of what the prompt shows of an item, where the policy is given it in other clothes. */
  readonly readPart?: ((text: string, index: number) => Shown) | undefined;
}

const NEXT_STEPS = 20;

/** Compares what a prompt still shows with what the future needed. */
export function scorePause(pause: Judged, answer: Answer, ms: number): PauseScore {
  const shown = shownByPrompt(pause, answer);
  const faults = pause.needs.map((need) => ({
    distance: need.distance,
    terms: need.terms.filter((term) => !shown.terms.has(term)),
    lines: need.lines.filter((line) => !shown.lines.has(line)),
    quotes: need.lines.length > 0,
  }));
  const faulted = faults.filter((fault) => fault.terms.length + fault.lines.length > 0);
  return {
    session: pause.session,
    ...tokensOf(pause, answer),
    stepsWithNeed: faults.length,
    faultedSteps: faulted.length,
    editSteps: faults.filter((fault) => fault.quotes).length,
    faultedEditSteps: faults.filter((fault) => fault.lines.length > 0).length,
    cleanNext20: !faulted.some((fault) => fault.distance <= NEXT_STEPS),
    tokensRecalled: recalled(pause, answer, faulted),
    ms,
  };
}

function shownByPrompt(pause: Judged, answer: Answer): Shown {
  const shown: Shown = { terms: new Set(), lines: new Set() };
  answer.prompt.forEach((entry, index) => {
    const item = pause.items[index];
    if (item === undefined) return;
    const part = pause.readPart ?? ((text) => readShown(item.kind, text));
    const one = entry.text === item.text ? pause.read(item) : part(entry.text, index);
    for (const term of one.terms) shown.terms.add(term);
    for (const line of one.lines) shown.lines.add(line);
  });
  return shown;
}

/** Recounted from the texts, whatever the policy says: what changed keeps its envelope and has its text counted again. */
function tokensOf(pause: Judged, answer: Answer): { tokensBefore: number; tokensAfter: number } {
  let tokensBefore = 0;
  let tokensAfter = 0;
  pause.items.forEach((item, index) => {
    tokensBefore += item.tokens;
    const text = answer.prompt[index]?.text ?? '';
    tokensAfter +=
      text === item.text ? item.tokens : item.tokens - pause.count(item.text) + pause.count(text);
  });
  return { tokensBefore, tokensAfter };
}

function recalled(
  pause: Judged,
  answer: Answer,
  faults: readonly { terms: string[]; lines: string[] }[],
): number {
  const changed = pause.items
    .map((item, index) => index)
    .filter((i) => answer.prompt[i]?.text !== pause.items[i]?.text);
  const back = new Set<number>();
  for (const fault of faults) {
    const has = (index: number): boolean => {
      const one = pause.read(pause.items[index] as SessionItem);
      return (
        fault.terms.some((term) => one.terms.has(term)) || fault.lines.some((line) => one.lines.has(line))
      );
    };
    const newest = changed.findLast((index) => has(index));
    if (newest !== undefined) back.add(newest);
  }
  return [...back].reduce((sum, index) => sum + (pause.items[index]?.tokens ?? 0), 0);
}
