import { generateKeyPairSync } from 'node:crypto';
import { seededRandom } from './random.ts';

type Random = () => number;

/** A made-up secret, and a line of text in which people and programs would have it. */
export interface Planted {
  readonly kind: string;
  /** What must not be left anywhere. */
  readonly value: string;
  readonly line: string;
}

const lower = 'abcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';
const upper = lower.toUpperCase();
const alphanumeric = lower + upper + digits;
const base64 = `${alphanumeric}+/`;
const url64 = `${alphanumeric}-_`;
const hex = `${digits}abcdef`;

/** Every kind twice or more, from a seed: made here, so that no secret stands in the repository. */
export function plantSecrets(seed: number, each = 2): readonly Planted[] {
  const random = seededRandom(seed);
  const made: Planted[] = [];
  for (const [kind, make] of Object.entries(makers)) {
    for (let i = 0; i < each; i++) {
      const { value, line } = make(random);
      made.push({ kind, value, line: line ?? `the ${kind.split('-')[0]} one is ${value} for now` });
    }
  }
  return made;
}

function take(random: Random, alphabet: string, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += alphabet[Math.floor(random() * alphabet.length)] ?? '';
  return text;
}

/** As `take`, and with a lower-case letter, an upper-case one and a digit at least. */
function mixed(random: Random, length: number, alphabet = alphanumeric): string {
  return (
    take(random, lower, 1) +
    take(random, digits, 1) +
    take(random, upper, 1) +
    take(random, alphabet, length - 3)
  );
}

type Maker = (random: Random) => { readonly value: string; readonly line?: string };

const prefixed =
  (prefix: string, alphabet: string, length: number): Maker =>
  (random) => ({ value: `${prefix}${take(random, alphabet, length)}` });

const assigned =
  (write: (value: string) => string, make: (random: Random) => string): Maker =>
  (random) => {
    const value = make(random);
    return { value, line: write(value) };
  };

const chosen = (random: Random): string => `${mixed(random, 7)}&${take(random, lower, 3)}`;

const jwt = (random: Random): string => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = part({ alg: 'HS256', typ: 'JWT' });
  return `${head}.${part({ sub: take(random, digits, 10), name: 'Ada' })}.${take(random, url64, 43)}`;
};

function pem(type: 'rsa' | 'ec', format: 'pkcs1' | 'pkcs8' | 'sec1'): Maker {
  return () => {
    const options = {
      privateKeyEncoding: { type: format, format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    };
    const pair = (type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 1024, ...options } as never)
      : generateKeyPairSync('ec', { namedCurve: 'P-256', ...options } as never)) as unknown as {
      readonly privateKey: string;
    };
    const value = pair.privateKey.trim();
    return { value, line: `cat key.pem\n${value}\n` };
  };
}

const openSsh: Maker = (random) => {
  const magic = Buffer.from('openssh-key-v1\0').toString('base64').slice(0, 19);
  const body = (magic + take(random, base64, 360)).replace(/.{70}/g, '$&\n');
  const value = `-----BEGIN OPENSSH ${'PRIVATE'} KEY-----\n${body}\n-----END OPENSSH ${'PRIVATE'} KEY-----`;
  return { value, line: value };
};

const makers: Readonly<Record<string, Maker>> = {
  'aws-access-key': prefixed('AK' + 'IA', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16),
  'aws-secret-key': assigned(
    (value) => `aws_secret_access_key = ${value}`,
    (random) => mixed(random, 40, base64),
  ),
  'github-classic': prefixed('gh' + 'p_', alphanumeric, 36),
  'github-app': prefixed('gh' + 's_', alphanumeric, 36),
  'github-fine-grained': prefixed('github' + '_pat_', `${alphanumeric}_`, 82),
  gitlab: prefixed('gl' + 'pat-', url64, 20),
  'slack-bot': (random) => ({
    value: `xo${'xb'}-${take(random, digits, 12)}-${take(random, digits, 12)}-${mixed(random, 24)}`,
  }),
  'slack-webhook': (random) => ({
    value: `https://hooks.slack.com/services/T${take(random, upper, 8)}/B${take(random, upper, 8)}/${mixed(random, 24)}`,
  }),
  'google-api': prefixed('AI' + 'za', url64, 35),
  'google-oauth-client': prefixed('GOC' + 'SPX-', alphanumeric, 28),
  'stripe-live': prefixed('sk_' + 'live_', alphanumeric, 24),
  'stripe-restricted': prefixed('rk_' + 'live_', alphanumeric, 24),
  'stripe-webhook': prefixed('whs' + 'ec_', alphanumeric, 32),
  'openai-classic': (random) => ({ value: `sk-${mixed(random, 20)}T3Blbk${'FJ'}${mixed(random, 20)}` }),
  'openai-project': (random) => ({
    value: `sk-${'proj'}-${mixed(random, 74, url64)}T3Blbk${'FJ'}${take(random, url64, 74)}`,
  }),
  anthropic: (random) => ({ value: `sk-${'ant'}-api03-${take(random, url64, 93)}AA` }),
  huggingface: prefixed('h' + 'f_', alphanumeric.replaceAll(/\d/g, ''), 34),
  npm: prefixed('np' + 'm_', alphanumeric, 36),
  'npmrc-auth': assigned(
    (value) => `//registry.example.com/:_authToken=${value}`,
    (random) => mixed(random, 36),
  ),
  pypi: prefixed('pypi-' + 'AgEIcHlwaS5vcmc', url64, 60),
  sendgrid: (random) => ({ value: `S${'G'}.${take(random, url64, 22)}.${take(random, url64, 43)}` }),
  mailgun: prefixed('ke' + 'y-', hex, 32),
  mailchimp: (random) => ({ value: `${take(random, hex, 32)}-us${1 + Math.floor(random() * 20)}` }),
  twilio: prefixed('S' + 'K', hex, 32),
  shopify: prefixed('shp' + 'at_', hex, 32),
  digitalocean: prefixed('dop' + '_v1_', hex, 64),
  databricks: prefixed('da' + 'pi', hex, 32),
  docker: prefixed('dckr' + '_pat_', url64, 27),
  'hashicorp-vault': prefixed('hv' + 's.', alphanumeric, 92),
  terraform: (random) => ({ value: `${mixed(random, 14)}.atlas${'v1'}.${take(random, alphanumeric, 67)}` }),
  telegram: (random) => ({
    value: `${1 + Math.floor(random() * 9)}${take(random, digits, 8)}:A${'A'}${take(random, url64, 33)}`,
  }),
  discord: (random) => ({
    value: `M${mixed(random, 23)}.G${take(random, alphanumeric, 5)}.${take(random, url64, 38)}`,
  }),
  linear: prefixed('lin' + '_api_', alphanumeric, 40),
  notion: (random) => ({ value: `nt${'n_'}${take(random, digits, 11)}${mixed(random, 35)}` }),
  figma: prefixed('fig' + 'd_', url64, 40),
  grafana: (random) => ({ value: `gls${'a_'}${mixed(random, 32)}_${take(random, hex, 8)}` }),
  'new-relic': prefixed('NRA' + 'K-', upper + digits, 27),
  postman: (random) => ({ value: `PMA${'K-'}${take(random, hex, 24)}-${take(random, hex, 34)}` }),
  atlassian: prefixed('ATA' + 'TT3xFfGF0', url64, 170),
  age: prefixed('AGE-SECRET' + '-KEY-1', upper + digits, 58),
  'azure-storage': assigned(
    (value) =>
      `DefaultEndpointsProtocol=https;AccountName=me;AccountKey=${value};EndpointSuffix=core.windows.net`,
    (random) => `${mixed(random, 86, base64)}==`,
  ),
  'azure-client-secret': (random) => ({
    value: `${take(random, alphanumeric, 3)}8Q~${take(random, alphanumeric, 34)}`,
  }),
  jwt: (random) => ({ value: jwt(random) }),
  'bearer-header': assigned(
    (value) => `curl -H 'Authorization: Bearer ${value}' https://api.example.com`,
    (random) => mixed(random, 32),
  ),
  'basic-header': assigned(
    (value) => `Authorization: Basic ${value}`,
    (random) => Buffer.from(`ada:${mixed(random, 12)}`).toString('base64'),
  ),
  'curl-login': assigned(
    (value) => `curl -u ada:${value} https://example.com`,
    (random) => mixed(random, 12),
  ),
  'url-login': assigned(
    (value) => `git clone https://ada:${value}@git.example.com/a.git`,
    (random) => mixed(random, 16),
  ),
  'database-url': assigned(
    (value) => `DATABASE_URL=postgres://app:${value}@db.example.com:5432/app`,
    (random) => mixed(random, 14),
  ),
  'redis-url': assigned(
    (value) => `redis://:${value}@cache.example.com:6379/0`,
    (random) => mixed(random, 18),
  ),
  'password-assigned': assigned((value) => `password = "${value}"`, chosen),
  'password-shell': assigned(
    (value) => `export DB_PASSWORD=${value}`,
    (random) => mixed(random, 11),
  ),
  'passwd-yaml': assigned((value) => `  passwd: ${value}`, chosen),
  'password-json': assigned((value) => JSON.stringify({ user: 'ada', password: value }), chosen),
  'password-flag': assigned(
    (value) => `mysqldump --user=app --password=${value} shop`,
    (random) => mixed(random, 10),
  ),
  'password-netrc': assigned(
    (value) => `machine example.com login ada password ${value}`,
    (random) => mixed(random, 12),
  ),
  'password-xml': assigned(
    (value) => `<password>${value}</password>`,
    (random) => mixed(random, 12),
  ),
  'password-sql': assigned((value) => `CREATE USER app IDENTIFIED BY '${value}';`, chosen),
  'secret-assigned': assigned(
    (value) => `client_secret: '${value}'`,
    (random) => mixed(random, 32),
  ),
  'api-key-assigned': assigned(
    (value) => `const apiKey = "${value}";`,
    (random) => take(random, hex, 30) + take(random, digits, 2),
  ),
  'token-flag': assigned(
    (value) => `deploy --token ${value}`,
    (random) => mixed(random, 40),
  ),
  'high-entropy-key': assigned(
    (value) => `key: "${value}"`,
    (random) => mixed(random, 44),
  ),
  'mysql-flag': assigned(
    (value) => `mysql -h db -u app -p${value} shop`,
    (random) => mixed(random, 12),
  ),
  'pg-variable': assigned(
    (value) => `PGPASSWORD=${value} psql -h db`,
    (random) => mixed(random, 10),
  ),
  'ethereum-key': assigned(
    (value) => `PRIVATE_KEY=0x${value}`,
    (random) => take(random, hex, 64),
  ),
  'web-key': assigned(
    (value) => `{"kty":"EC","crv":"P-256","x":"abc","d":"${value}"}`,
    (random) => take(random, url64, 43),
  ),
  mapbox: (random) => ({ value: `s${'k'}.eyJ1Ijoi${mixed(random, 60)}.${take(random, url64, 22)}` }),
  tailscale: (random) => ({ value: `tske${'y'}-auth-${mixed(random, 16)}-${mixed(random, 32)}` }),
  mnemonic: assigned(
    (value) => `mnemonic: ${value}`,
    (random) => Array.from({ length: 12 }, () => take(random, lower, 5)).join(' '),
  ),
  'rsa-key': pem('rsa', 'pkcs1'),
  'ec-key': pem('ec', 'sec1'),
  'pkcs8-key': pem('ec', 'pkcs8'),
  'openssh-key': openSsh,
};
