import type { Clock } from '../../clock.ts';
import type { FindPriced } from '../../gateway/prices.ts';
import type { Log } from '../../log.ts';
import type { Redactor } from '../../secret/redactor.ts';

/** What a gateway needs of the project it works for. */
export interface GatewayParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly findPriced: FindPriced;
  /** A text without its secrets; as it is when left out. */
  readonly redact?: Redactor['redact'];
  /** Where the project is: paths in it are kept relative to it. */
  readonly projectDir?: string;
  /**
   * Kept from one run to the next, so that an agent that outlived the process, or keeps its address in a file, finds the
   * gateway again. `port`: used if it is free; null: any. `key`: the secrets of the agents' addresses are made of it.
   */
  readonly place?: GatewayPlace;
  /** Makes a checkpoint while the agent that asks for it waits; answers its id. Left out: agents have no such tool. */
  readonly checkpoint?: (asked: {
    readonly agent: string;
    readonly name?: string;
    readonly reason?: string;
  }) => Promise<string>;
  /** Of the environment the proxies through which providers are reached; none when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** How often a held call is given the protocol's no-op; 10 s. */
  readonly noOpMs?: number;
  /** After which time a held call that is no stream is given white space; 50 s: its answer's status can be kept until then. */
  readonly spaceMs?: number;
}

export interface GatewayPlace {
  readonly port: number | null;
  readonly key: Uint8Array;
  /** Told which port it is. */
  readonly keep: (port: number) => void;
}
