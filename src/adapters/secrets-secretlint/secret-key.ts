import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';

const keyBytes = 32;

/**
 * The project's key for fingerprints: made when there is none, readable by its owner alone, and in no checkpoint. Where
 * it can be neither read nor written, one for this process: fingerprints then tell nothing from run to run.
 */
export function secretKey(path: string): Uint8Array {
  return readKey(path) ?? makeKey(path) ?? readKey(path) ?? randomBytes(keyBytes);
}

function readKey(path: string): Uint8Array | undefined {
  try {
    const key = Buffer.from(readFileSync(path, 'latin1').trim(), 'hex');
    return key.length === keyBytes ? key : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined when another process made one first, or none can be made. */
function makeKey(path: string): Uint8Array | undefined {
  const key = randomBytes(keyBytes);
  const aside = `${path}.${process.pid}.${key.toString('hex', 0, 4)}`;
  try {
    const fd = openSync(aside, 'wx', 0o600);
    writeSync(fd, `${key.toString('hex')}\n`);
    fsyncSync(fd);
    closeSync(fd);
    chmodSync(aside, 0o600);
    linkSync(aside, path);
    return key;
  } catch {
    return undefined;
  } finally {
    rmSync(aside, { force: true });
  }
}
