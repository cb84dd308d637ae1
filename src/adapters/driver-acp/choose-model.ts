import type { AgentSettings } from '../../agent/agent.ts';
import type { Provider, WireProtocol } from '../../gateway/gateway.ts';
import type { ChosenModel, Quirk, Vendor } from './quirk.ts';

const vendors: Readonly<
  Record<
    Vendor,
    { readonly protocols: readonly WireProtocol[]; readonly baseUrl: string; readonly key: string }
  >
> = {
  anthropic: {
    protocols: ['anthropic-messages'],
    baseUrl: 'https://api.anthropic.com',
    key: 'ANTHROPIC_API_KEY',
  },
  openai: {
    protocols: ['openai-responses', 'openai-chat'],
    baseUrl: 'https://api.openai.com',
    key: 'OPENAI_API_KEY',
  },
  google: {
    protocols: ['gemini'],
    baseUrl: 'https://generativelanguage.googleapis.com',
    key: 'GEMINI_API_KEY',
  },
};

type Environment = Readonly<Record<string, string | undefined>>;

/** The model of an agent's settings, `VENDOR:MODEL`, in the protocol that the agent speaks best to that vendor. */
export function chooseModel(quirk: Quirk, settings: AgentSettings, env: Environment): ChosenModel {
  const [given = '', ...rest] = (settings.model ?? '').split(':');
  const vendor = given in vendors ? (given as Vendor) : null;
  const name = settings.model === undefined ? null : rest.join(':');
  const spoken =
    vendor === null ? undefined : quirk.protocols.find((one) => vendors[vendor].protocols.includes(one));
  // A server of one's own speaks what the agent speaks, whoever made the model.
  const protocol = settings.baseUrl === undefined ? (spoken ?? firstProtocol(quirk)) : firstProtocol(quirk);
  const { id, key } = vendorOf(protocol);
  const needsKey = (env[key] ?? '') !== '' || settings.baseUrl !== undefined || given === 'recorded';
  return {
    name,
    vendor: settings.baseUrl === undefined ? (vendor ?? quirk.vendor) : id,
    protocol,
    keyVariable: needsKey ? key : null,
  };
}

/** Where the gateway sends an agent's calls: to its own server, or to the vendors whose protocols it speaks. */
export function providersOf(quirk: Quirk, settings: AgentSettings): readonly Provider[] {
  const recorded = settings.model?.startsWith('recorded:') === true;
  const own = settings.baseUrl?.replace(/\/+$/u, '').replace(/\/v1(beta)?$/u, '');
  return quirk.protocols.map((protocol) => ({
    protocol,
    // The gateway itself serves a recording whose file is named: `recorded:FILE`.
    baseUrl: own ?? (recorded ? (settings.model ?? '') : vendorOf(protocol).baseUrl),
    recorded,
  }));
}

/** Says whether a model of a vendor can be had through a protocol that the agent speaks. */
export function speaks(quirk: Quirk, vendor: Vendor): boolean {
  return quirk.protocols.some((protocol) => vendors[vendor].protocols.includes(protocol));
}

/** The key of a vendor, by the name of its variable, for a server of one's own that asks for none. */
export function keyFor(model: ChosenModel, env: Environment): Readonly<Record<string, string>> {
  const { keyVariable } = model;
  if (keyVariable === null || (env[keyVariable] ?? '') !== '') return {};
  return { [keyVariable]: 'none' };
}

function vendorOf(protocol: WireProtocol): {
  readonly id: Vendor;
  readonly baseUrl: string;
  readonly key: string;
} {
  const ids = Object.keys(vendors) as readonly Vendor[];
  const id = ids.find((one) => vendors[one].protocols.includes(protocol));
  if (id === undefined) throw new Error(`no vendor speaks ${protocol}`);
  return { id, ...vendors[id] };
}

function firstProtocol(quirk: Quirk): WireProtocol {
  const [first] = quirk.protocols;
  if (first === undefined) throw new Error(`${quirk.name} speaks no protocol`);
  return first;
}
