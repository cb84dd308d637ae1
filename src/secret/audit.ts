import type { CheckpointStore, StoredCheckpoint } from '../checkpoint/checkpoint-store.ts';
import { sha256 } from '../checkpoint/manifest.ts';
import { showPath, type CodeEntry } from '../checkpoint/tree.ts';
import type { Store } from '../store/store.ts';
import { tableNames, tables, type TableName } from '../store/tables.ts';
import type { IsAllowed } from './clean-files.ts';
import type { Found } from './redactor.ts';
import { mapTexts, type Secrets } from './secrets.ts';
import { textOf } from './text-of.ts';

export interface AuditPorts {
  readonly store: Store;
  readonly checkpoints: CheckpointStore;
  readonly secrets: Pick<Secrets, 'find' | 'ready'>;
  /** The project's log files, one after the other. */
  readonly logs: () => AsyncIterable<{ readonly name: string; readonly text: string }>;
  readonly isAllowed: IsAllowed;
}

/** Where a secret was found; never the secret. */
export interface AuditFinding {
  /** `checkpoint`: a part of one; `code`: a file in one; `database`, `events`, `log`. */
  readonly where: 'checkpoint' | 'code' | 'database' | 'events' | 'log';
  /** The file or part with its line, or the row and column. */
  readonly place: string;
  readonly kind: string;
  /** The same as in placeholders: tells which of them are the same secret. */
  readonly fingerprint: string;
  /** The checkpoints that hold it, the first found first; empty elsewhere. */
  readonly checkpoints: readonly string[];
  /** The settings allow it. */
  readonly allowed: boolean;
}

export interface AuditReport {
  readonly findings: readonly AuditFinding[];
  readonly searched: {
    readonly checkpoints: number;
    readonly objects: number;
    readonly rows: number;
    readonly logs: number;
    readonly bytes: number;
  };
  /** Files that were not searched: binary, or over a megabyte. */
  readonly skipped: number;
}

/** Searches these checkpoints, the database with its events, and the logs. Changes nothing. */
export async function audit(ports: AuditPorts, checkpointIds: readonly string[]): Promise<AuditReport> {
  await ports.secrets.ready();
  const search = new Search(ports);
  for (const id of checkpointIds) await search.checkpoint(await ports.checkpoints.open(id));
  await search.database();
  for await (const { name, text } of ports.logs()) search.log(name, text);
  return search.report(checkpointIds.length);
}

type Place = Pick<AuditFinding, 'where' | 'place' | 'allowed'>;

class Search {
  readonly #ports: AuditPorts;
  readonly #findings = new Map<string, AuditFinding & { checkpoints: string[] }>();
  /** What was found in which content, so that what checkpoints share is searched once. */
  readonly #seen = new Map<string, readonly Found[] | null>();
  #rows = 0;
  #logs = 0;
  #bytes = 0;

  constructor(ports: AuditPorts) {
    this.#ports = ports;
  }

  async checkpoint(stored: StoredCheckpoint): Promise<void> {
    const entries = await stored.code();
    const files = new Set(
      entries.flatMap((entry) => (entry.kind === 'directory' ? [] : [`staged/blobs/${entry.object}`])),
    );
    for (const path of ['manifest.json', ...(await stored.partPaths(''))]) {
      // What is staged as it is in a file is searched, and allowed, as that file.
      if (files.has(path)) continue;
      const bytes =
        path === 'manifest.json' ? Buffer.from(JSON.stringify(stored.manifest)) : await stored.part(path);
      const text = Buffer.from(bytes).toString('utf8');
      const found = this.#once(`part ${sha256(bytes)}`, text, () => this.#find(text));
      this.#add({ where: 'checkpoint', place: path, allowed: false }, found, stored.id);
    }
    await this.#code(stored, entries);
  }

  async #code(stored: StoredCheckpoint, entries: readonly CodeEntry[]): Promise<void> {
    const names = entries.map(({ path }) => showPath(path));
    for (const name of names) this.#addText({ where: 'code', place: name, allowed: false }, name, stored.id);
    const unseen = new Set(entries.flatMap((entry) => (entry.kind === 'directory' ? [] : [entry.object])));
    const wanted = [...unseen].filter((object) => !this.#seen.has(object));
    for await (const { object, bytes } of stored.objects(wanted)) {
      const text = textOf(bytes);
      this.#seen.set(object, text === null ? null : this.#find(text));
    }
    for (const entry of entries) {
      if (entry.kind === 'directory') continue;
      const found = this.#seen.get(entry.object) ?? [];
      const place = {
        where: 'code',
        place: showPath(entry.path),
        allowed: this.#ports.isAllowed(entry.path),
      } as const;
      this.#add(place, found, stored.id);
    }
  }

  database(): Promise<void> {
    return this.#ports.store.read(async (tx) => {
      for (const table of tableNames) for (const row of await tx.list(table)) this.#row(table, row);
    });
  }

  log(name: string, text: string): void {
    this.#logs += 1;
    this.#addText({ where: 'log', place: name, allowed: false }, text);
  }

  report(checkpoints: number): AuditReport {
    const objects = this.#seen.size;
    const searched = { checkpoints, objects, rows: this.#rows, logs: this.#logs, bytes: this.#bytes };
    const skipped = [...this.#seen.values()].filter((found) => found === null).length;
    return { findings: [...this.#findings.values()], searched, skipped };
  }

  #row(table: TableName, row: object): void {
    this.#rows += 1;
    const values = row as Readonly<Record<string, unknown>>;
    const key = tables[table].key.map((column) => String(values[column])).join(' ');
    const where = table === 'events' ? 'events' : 'database';
    for (const [column, value] of Object.entries(values)) {
      const place = { where, place: `${table} ${key}, ${column}`, allowed: false } as const;
      for (const text of textsOf(value)) this.#addText(place, text);
    }
  }

  #addText(place: Place, text: string, checkpointId?: string): void {
    this.#add(place, this.#find(text), checkpointId);
  }

  #add(place: Place, found: readonly Found[], checkpointId?: string): void {
    for (const { kind, fingerprint } of found) {
      const key = JSON.stringify([place.where, place.place, kind, fingerprint]);
      const known = this.#findings.get(key);
      const checkpoints = known?.checkpoints ?? [];
      if (checkpointId !== undefined && !checkpoints.includes(checkpointId)) checkpoints.push(checkpointId);
      if (known === undefined) this.#findings.set(key, { ...place, kind, fingerprint, checkpoints });
    }
  }

  #once(key: string, text: string, find: () => readonly Found[]): readonly Found[] {
    const known = this.#seen.get(key) ?? find();
    this.#seen.set(key, known);
    return known;
  }

  #find(text: string): readonly Found[] {
    this.#bytes += text.length;
    return this.#ports.secrets.find(text);
  }
}

/** Every text in a column; of JSON also as it is stored, because the name of a field tells what it holds. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  const texts = [JSON.stringify(value)];
  mapTexts(value, (text) => (texts.push(text), text));
  return texts;
}
