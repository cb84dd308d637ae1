/**
 * What a name says of the value beside it. `password`: a word that a person chose. `secret`: what a machine made.
 * `weak`: a key or token of some kind, which is one only when it looks random.
 */
export type NameClass = 'password' | 'secret' | 'weak';

/** Of a variable, a field, a flag or a header, in any style of writing; null for a name that says nothing. */
export function classifyName(name: string): NameClass | null {
  const words = wordsOf(name);
  while (words.length > 1 && trailing.has(words.at(-1) ?? '')) words.pop();
  const last = words.at(-1) ?? '';
  const before = words.at(-2) ?? '';
  if (passwords.has(last) || (before === 'pass' && (last === 'word' || last === 'phrase'))) return 'password';
  if (/(?:password|passwd|passphrase|pwd)$/.test(last)) return 'password';
  if (secrets.has(last) || /(?:secret|apikey|authtoken|accesstoken)$/.test(last)) return 'secret';
  if (last === 'key' || last === 'keys') return keyOwners.has(before) ? 'secret' : 'weak';
  if (last === 'token') return words.length > 1 && !nonTokens.has(before) ? 'secret' : 'weak';
  return weak.has(last) ? 'weak' : null;
}

const passwords = new Set([
  'password',
  'passwords',
  'passwd',
  'passphrase',
  'passcode',
  'pwd',
  'pass',
  'pw',
  'contraseña',
  'kennwort',
  'passwort',
]);
const secrets = new Set([
  'secret',
  'secrets',
  'apikey',
  'apitoken',
  'authtoken',
  'accesskey',
  'accesstoken',
  'secretkey',
  'privatekey',
  'clientsecret',
  'credential',
  'credentials',
  'creds',
  'pat',
  'bearer',
  'authkey',
  'sessiontoken',
  'jwt',
  'mnemonic',
]);
const weak = new Set([
  'auth',
  'authorization',
  'cookie',
  'session',
  'sessionid',
  'sid',
  'signature',
  'sig',
  'salt',
  'nonce',
  'seed',
  'dsn',
  'webhook',
]);
const keyOwners = new Set([
  'api',
  'access',
  'secret',
  'private',
  'auth',
  'encryption',
  'encrypt',
  'signing',
  'signature',
  'sign',
  'master',
  'service',
  'account',
  'shared',
  'license',
  'storage',
  'admin',
  'app',
  'application',
  'client',
  'session',
  'deploy',
  'webhook',
  'hmac',
  'jwt',
  'aes',
  'server',
  'role',
  'anon',
  'subscription',
  'consumer',
  'rest',
  'write',
  'read',
  'ingest',
  'integration',
  'routing',
  'host',
  'user',
]);
const nonTokens = new Set([
  'next',
  'current',
  'prev',
  'previous',
  'first',
  'last',
  'start',
  'end',
  'max',
  'min',
  'page',
  'continuation',
  'cancellation',
  'cancel',
  'syntax',
  'lexer',
  'css',
  'line',
  'open',
  'close',
  'string',
]);
/** Behind the word that counts. */
const trailing = new Set([
  'value',
  'val',
  'text',
  'str',
  'raw',
  'plain',
  'plaintext',
  'base64',
  'b64',
  'hex',
  'prod',
  'production',
  'dev',
  'staging',
  'test',
  'live',
  'sandbox',
  'new',
  'old',
  'current',
  'default',
  'env',
  'data',
  '1',
  '2',
  '3',
  'main',
  'backup',
  'primary',
  'secondary',
]);

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .replace(/([A-Za-z])(\d{1,2})$/, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\d]+/u)
    .filter((word) => word !== '');
}

/** Whether an environment variable is taken for a secret by its name, whatever it holds. */
export function isSecretVariable(name: string): boolean {
  if (/^(?:OLD)?PWD$/i.test(name)) return false;
  return /KEY|TOKEN|SECRET|PASSWO?R?D|PASSPHRASE|CREDENTIAL|PRIVATE|_PAT$|_PASS$|^PASS$|PWD|COOKIE|_AUTH$|_DSN$|WEBHOOK/i.test(
    name,
  );
}
