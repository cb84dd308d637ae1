import type { HomeRow } from '../../agent/home.ts';
import type { GatewayLine } from '../../gateway/gateway.ts';
import type { AgentClient } from './agent-client.ts';

/** What a turn was in the middle of when its agent was told to end. */
export type TurnLeft = Exclude<HomeRow['turn'], 'open'>;

const summaryMax = 500;

/**
 * What an agent at work is in the middle of now. Told as held or asking only when nothing else is seen to be under way;
 * an agent that neither calls its model nor says what it does may be in a tool of which it does not tell. Pure.
 */
export function leftBy(
  line: Pick<GatewayLine, 'inFlight' | 'held'> | null,
  client: Pick<AgentClient, 'toolsRunning' | 'isAsking'> | null,
): TurnLeft {
  if (line === null || client === null) return 'held';
  if (client.toolsRunning > 0) return 'cut-in-tool';
  if (line.inFlight() > 0) return 'cut';
  if (client.isAsking) return 'asking';
  return line.held() > 0 ? 'held' : 'cut-in-tool';
}

/** The last that it said, on one line. */
export function summaryOf(said: string, title: string): string {
  const line = said.replaceAll(/\s+/gu, ' ').trim();
  if (line === '') return title;
  return line.length > summaryMax ? `${line.slice(0, summaryMax - 1)}…` : line;
}
