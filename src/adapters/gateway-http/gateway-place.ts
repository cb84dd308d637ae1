import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { field, parseJson, word } from '../../gateway/json.ts';
import type { GatewayPlace } from './gateway-parts.ts';

const keyBytes = 32;

/**
 * Where a project's gateway is, from run to run: a file that its owner alone can read. A file that is missing, broken or
 * cannot be written costs no more than the addresses of agents that outlived their run.
 */
export function openGatewayPlace(file: string): GatewayPlace {
  const kept = parseJson(readText(file));
  const port = field(kept, 'port');
  const key = Buffer.from(word(field(kept, 'key')), 'hex');
  const place = {
    port: typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536 ? port : null,
    key: key.length === keyBytes ? key : randomBytes(keyBytes),
  };
  return {
    ...place,
    keep: (now) => {
      if (now !== place.port || key !== place.key)
        writeText(file, { port: now, key: place.key.toString('hex') });
    },
  };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function writeText(file: string, kept: object): void {
  const aside = `${file}.${process.pid}`;
  try {
    writeFileSync(aside, `${JSON.stringify(kept)}\n`, { mode: 0o600 });
    renameSync(aside, file);
  } catch {
    // The next run has another address, which is all that is lost.
  }
}
