// Measures the memory policy on recorded sessions: `npm run bench:context -- [--data DIRECTORY] [--target 0.4]`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';

import { planFlashSave } from '../src/context-entry.ts';
import { planRanked } from '../src/context/plan-flash-save.ts';
import { RANKING, type Ranking } from '../src/context/weights.ts';
import { estimate } from './context/bootstrap.ts';
import { DISGUISES } from './context/disguise.ts';
import { examplesOf, fitRanking } from './context/fit.ts';
import { type Judged, type PauseScore, scorePause } from './context/measure.ts';
import { needsAfter, readItem, type Shown } from './context/needs.ts';
import { pausesOf } from './context/pauses.ts';
import {
  chance,
  keepLastOutputs,
  leastRecentlyReferenced,
  newestFirst,
  oracle,
  type Policy,
  referenceRule,
} from './context/policies.ts';
import { loadSessions, type SessionItem } from './context/sessions.ts';
import { wearer } from './context/wear.ts';

/** What codeframe would do had it never seen the repository that is measured: the figures to believe. */
const UNSEEN = 'codeframe, fitted without the repository';

const POLICIES: Readonly<Record<string, Policy>> = {
  codeframe: (items, { targetReduction, now }) => planFlashSave(items, { targetReduction, now }),
  [UNSEEN]: (items, { targetReduction, now, ranking }) =>
    planRanked(items, { targetReduction, now }, ranking ?? RANKING),
  'least recently referenced, 60 names': leastRecentlyReferenced(60),
  'newest first': newestFirst,
  'keep last 10 outputs': keepLastOutputs(10),
  'clear all but 3 outputs': keepLastOutputs(3),
  "the reference's rule": referenceRule,
  chance,
  oracle,
};

const HEAD =
  '| policy | cut | faulted steps | faulted edit steps | no fault in 20 steps | target met | recalled | ms |\n' +
  '| --- | --- | --- | --- | --- | --- | --- | --- |';
const MET_WITHIN = 0.03;
const SLICE = 2_000;

type Pause = Judged & { readonly repository: string; readonly segment: readonly SessionItem[] };

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    target: { type: 'string', multiple: true },
    policy: { type: 'string', multiple: true },
    /** Prints the weights that `src/context/weights.ts` ships, and those without each repository. */
    fit: { type: 'boolean' },
    /** Prints one of the parts alone. */
    only: { type: 'string', multiple: true },
  },
});
const root = process.cwd();
const directory =
  values.data ?? process.env['CODEFRAME_SESSIONS'] ?? given(join(root, '..', 'shared', 'data', 'sessions'));
const pauses = readPauses(directory);
const edits = pauses.reduce(
  (sum, pause) => sum + pause.needs.filter((need) => need.lines.length > 0).length,
  0,
);
const steps = pauses.reduce((sum, pause) => sum + pause.needs.length, 0);
console.log(`${pauses.length} pauses, ${steps} steps with a need, ${edits} of them edits\n`);
const repositories = [...new Set(pauses.map(({ repository }) => repository))];
const asked = (part: string): boolean =>
  values.only?.includes(part) ?? (part === 'targets' || values.policy === undefined);
const isFitted = asked('targets') || asked('disguises');
const examples = (isFitted ? pauses : []).map((pause) => ({
  repository: pause.repository,
  all: examplesOf(pause),
}));
// A synthetic set is one repository: nothing is left to learn from.
const left = repositories.length < 2 || !isFitted ? [] : repositories;
const rankings = new Map(left.map((repository) => [repository, rankingWithout(repository)]));
if (values.fit === true) {
  console.log('all', rankingWithout(null));
  for (const [repository, ranking] of rankings) console.log(`without ${repository}`, ranking);
}
if (asked('targets')) for (const target of values.target ?? ['0.3', '0.4', '0.5']) report(Number(target));
if (asked('disguises')) reportDisguises(0.4);
if (asked('save')) reportSave();

function rankingWithout(left: string | null): Ranking {
  return fitRanking(examples.flatMap(({ repository, all }) => (repository === left ? [] : all)));
}

function given(recorded: string): string {
  return existsSync(recorded) ? recorded : join(root, 'bench', 'context', 'synthetic');
}

function readPauses(from: string): Pause[] {
  const cache = new WeakMap<SessionItem, Shown>();
  const read = (item: SessionItem): Shown => {
    const known = cache.get(item) ?? readItem(item);
    cache.set(item, known);
    return known;
  };
  return loadSessions(from).flatMap(({ name, repository, segments }) =>
    segments.flatMap((segment) =>
      pausesOf(segment).map((cut) => ({
        session: name,
        repository,
        segment,
        items: segment.slice(0, cut),
        needs: needsAfter(segment, cut, read),
        read,
        count: countSliced,
      })),
    ),
  );
}

/** A tokenizer is quadratic on text without a break: it is given slices. */
function countSliced(text: string): number {
  let tokens = 0;
  for (let from = 0; from < text.length; from += SLICE) {
    tokens += countTokens(text.slice(from, from + SLICE), { disallowedSpecial: new Set() });
  }
  return tokens;
}

function report(target: number): void {
  console.log(`## Target ${Math.round(target * 100)} %\n`);
  console.log(HEAD);
  for (const [name, policy] of Object.entries(POLICIES)) {
    if (values.policy !== undefined && !values.policy.includes(name)) continue;
    if (name === UNSEEN && repositories.length < 2) continue;
    const scored = pauses.map((pause) => ({
      repository: pause.repository,
      score: measure(pause, policy, target),
    }));
    console.log(
      row(
        name,
        scored.map(({ score }) => score),
        target,
      ),
    );
    if (name !== UNSEEN) continue;
    for (const repository of repositories) {
      const own = scored.filter((one) => one.repository === repository);
      console.log(
        row(
          `– ${repository}`,
          own.map(({ score }) => score),
          target,
        ),
      );
    }
  }
  console.log('');
}

/** The same sessions as other agents would have written them down, fitted without the repository where there are several. */
function reportDisguises(targetReduction: number): void {
  console.log(`## In other clothes, at ${Math.round(targetReduction * 100)} %\n`);
  console.log(HEAD);
  for (const [name, disguise] of Object.entries(DISGUISES)) {
    if (values.policy !== undefined && !values.policy.includes(name)) continue;
    const wear = wearer(disguise, countSliced);
    const scores = pauses.map((pause) => {
      const judged = { ...pause, ...wear(pause) };
      const start = performance.now();
      const answer = planRanked(judged.items, { targetReduction }, rankings.get(pause.repository) ?? RANKING);
      return scorePause(judged, answer, performance.now() - start);
    });
    console.log(row(name, scores, targetReduction));
  }
  console.log('');
}

/** In processes of its own: the first plan of a process is the one that people wait for. */
function reportSave(): void {
  const args = ['scripts/run-ts.mjs', 'bench/context/save.ts', directory];
  spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
}

function measure(pause: Pause, policy: Policy, targetReduction: number): PauseScore {
  const needed = {
    terms: new Set(pause.needs.flatMap((need) => need.terms)),
    lines: new Set(pause.needs.flatMap((need) => need.lines)),
  };
  const start = performance.now();
  const answer = policy(pause.items, {
    targetReduction,
    now: 0,
    count: pause.count,
    needed,
    ranking: rankings.get(pause.repository),
  });
  return scorePause(pause, answer, performance.now() - start);
}

function row(name: string, scores: readonly PauseScore[], target: number): string {
  const sum = (all: readonly PauseScore[], of: (score: PauseScore) => number): number =>
    all.reduce((total, score) => total + of(score), 0);
  const ratio = (top: (score: PauseScore) => number, bottom: (score: PauseScore) => number): string => {
    const { value, low, high } = estimate(scores, (all) => sum(all, top) / sum(all, bottom));
    return `${percent(value)} (${percent(low)}–${percent(high)})`;
  };
  const met = (score: PauseScore): number =>
    Math.abs(1 - score.tokensAfter / score.tokensBefore - target) <= MET_WITHIN ? 1 : 0;
  const one = (): number => 1;
  const cells = [
    name,
    ratio(
      (score) => score.tokensBefore - score.tokensAfter,
      (score) => score.tokensBefore,
    ),
    ratio(
      (score) => score.faultedSteps,
      (score) => score.stepsWithNeed,
    ),
    ratio(
      (score) => score.faultedEditSteps,
      (score) => score.editSteps,
    ),
    ratio((score) => (score.cleanNext20 ? 1 : 0), one),
    ratio(met, one),
    String(Math.round(sum(scores, (score) => score.tokensRecalled) / scores.length)),
    (sum(scores, (score) => score.ms) / scores.length).toFixed(1),
  ];
  return `| ${cells.join(' | ')} |`;
}

function percent(share: number): string {
  if (Number.isNaN(share)) return 'none';
  return `${(share * 100).toFixed(1)} %`;
}
