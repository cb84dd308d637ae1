import { join } from 'node:path';
import type { OtherRules } from '../../secret/find-secrets.ts';
import { ProjectSecrets, type Secrets } from '../../secret/secrets.ts';
import type { CleanFiles } from '../../secret/clean-files.ts';
import { openCleanObjects } from './clean-objects.ts';
import { environmentValues } from './environment-values.ts';
import { secretKey } from './secret-key.ts';

export interface SecretsPlace {
  /** The project's directory, whose `.env` files are read. */
  readonly root: string;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface OpenedSecrets {
  readonly secrets: Secrets;
  readonly clean: CleanFiles;
}

/** The secrets of a project as this process knows them. Reads and makes nothing until something is asked. */
export function openSecrets(place: SecretsPlace): OpenedSecrets {
  let made: Uint8Array | undefined;
  const key = (): Uint8Array => (made ??= secretKey(join(place.dataDir, 'secret-key')));
  const known = environmentValues(place);
  return {
    secrets: new ProjectSecrets({ key, known, loadRules }),
    clean: openCleanObjects({ path: join(place.dataDir, 'clean-objects'), key, known }),
  };
}

/** Takes 20 ms, which only what runs agents or reads their files pays for. */
async function loadRules(): Promise<OtherRules> {
  const { secretlintRules } = await import('./secretlint-rules.ts');
  return secretlintRules();
}
