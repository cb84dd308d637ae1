import { openGateway } from '../../src/adapters/gateway-http/http-gateway.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import type { GatewayParts } from '../../src/adapters/gateway-http/gateway-parts.ts';
import type { Gateway, GatewayLine, Provider, WireProtocol } from '../../src/gateway/gateway.ts';
import { silentLog } from '../../src/log.ts';
import { MemorySession, noRows, taskRow, type AgentRows } from './memory-session.ts';

/** A gateway with one agent, whose steps and memory are plain rows. */
export interface GatewayScene extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly line: GatewayLine;
  readonly rows: AgentRows;
  readonly session: MemorySession;
  /** Resolves when so many steps have ended. */
  ended(steps: number): Promise<void>;
}

export async function openScene(
  provider: { readonly protocol: WireProtocol; readonly baseUrl: string; readonly recorded?: boolean },
  more: Partial<GatewayParts> & { readonly rows?: AgentRows; readonly others?: readonly Provider[] } = {},
): Promise<GatewayScene> {
  const { rows = noRows(), others = [], ...parts } = more;
  const session = new MemorySession(rows, taskRow());
  const gateway = openGateway({
    log: silentLog,
    clock: systemClock,
    findPriced: () => null,
    noOpMs: 20,
    ...parts,
  });
  const providers = [{ recorded: false, ...provider }, ...others];
  const line = await gateway.open({ agent: 'ada', session, providers }).catch(async (error: unknown) => {
    await gateway[Symbol.asyncDispose]();
    throw error;
  });
  let tell = (): void => {};
  session.onWrite = () => tell();
  return {
    gateway,
    line,
    rows,
    session,
    async ended(steps) {
      while (rows.steps.filter(({ status }) => status !== 'started').length < steps)
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
    },
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}
