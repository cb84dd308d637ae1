import { blobId } from '../checkpoint/blob-id.ts';
import {
  runsWithout,
  type ObjectId,
  type Run,
  type ScannedEntry,
  type TreePath,
  type Uncovered,
} from '../checkpoint/tree.ts';
import type { UserGit } from '../checkpoint/user-git.ts';
import type {
  Held,
  KnownObject,
  ReadFile,
  ScanOptions,
  TreeScan,
  WorkTree,
} from '../checkpoint/work-tree.ts';
import type { Log } from '../log.ts';
import type { CleanFiles, Cleanness, IsAllowed } from './clean-files.ts';
import { PathList } from './path-list.ts';
import type { Secrets } from './secrets.ts';
import { textOf } from './text-of.ts';

export interface SecretFreePorts {
  readonly secrets: Pick<Secrets, 'find' | 'ready'>;
  readonly git: Pick<UserGit, 'tracked'>;
  readonly clean: CleanFiles;
  readonly isAllowed: IsAllowed;
  readonly log: Log;
}

/**
 * The working tree without new files that hold a secret: they are uncovered, with the reason `secret`, as is what has
 * one in its name (X1). What the user's git tracks is the user's to decide on, and is not looked at. New files over a
 * megabyte and binary ones are not searched: `unsearched` tells of them.
 */
export class SecretFreeTree implements WorkTree {
  readonly #tree: WorkTree;
  readonly #ports: SecretFreePorts;
  #tracked: Promise<PathList> = Promise.resolve(new PathList([]));
  /** Of this scan: what is known of objects, and of files that were read. */
  #cleanObjects = new Map<ObjectId, Cleanness>();
  #cleanPaths = new Map<TreePath, Cleanness>();
  #unsearched = new Set<TreePath>();
  #held: Held | undefined;
  #untracked: Untracked = { by: new PathList([]), of: new WeakMap() };
  #outside: { readonly paths: readonly TreePath[]; readonly list: PathList } | undefined;

  constructor(tree: WorkTree, ports: SecretFreePorts) {
    this.#tree = tree;
    this.#ports = ports;
  }

  get root(): string {
    return this.#tree.root;
  }

  async scan(options: ScanOptions): Promise<TreeScan> {
    // Beside the scan, which is this process's own work, while git's is another's.
    const tracked = this.#ports.git.tracked();
    tracked.catch(() => undefined);
    const [scan] = await Promise.all([this.#tree.scan(options), this.#ports.secrets.ready()]);
    this.#tracked = this.#allTracked(tracked, scan);
    this.#cleanObjects = new Map();
    this.#cleanPaths = new Map();
    this.#unsearched = new Set();
    this.#held = options.held;
    const secret = await this.#secretEntries(scan.runs);
    if (secret.size === 0) return scan;
    const uncovered = [...scan.uncovered, ...[...secret].map((path) => uncoveredFor(path))];
    return {
      ...scan,
      runs: runsWithout(scan.runs, ({ path }) => secret.has(path)),
      uncovered: uncovered.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    };
  }

  async read(path: TreePath): Promise<ReadFile> {
    const read = await this.#tree.read(path);
    if (!read.ok || this.#ports.isAllowed(path) || (await this.#tracked).has(path)) return read;
    const found = this.#look(path, read.bytes);
    if (found !== 'secret') this.#cleanPaths.set(path, found);
    else if (!this.#isHeld(path, read.bytes)) return { ok: false, reason: 'secret' };
    return read;
  }

  async remember(objects: ReadonlyMap<TreePath, KnownObject>): Promise<void> {
    for (const [path, { object }] of objects) {
      const cleanness = this.#cleanPaths.get(path);
      if (cleanness !== undefined) this.#cleanObjects.set(object, cleanness);
    }
    this.#ports.clean.remember(this.#cleanObjects);
    await this.#tree.remember(objects);
  }

  close(): void {
    this.#tree.close?.();
  }

  unsearched(): readonly TreePath[] {
    return [...this.#unsearched].toSorted();
  }

  inspect(paths: readonly TreePath[]): ReturnType<WorkTree['inspect']> {
    return this.#tree.inspect(paths);
  }

  /** Those that are known to hold a secret before the files that changed are read. */
  async #secretEntries(runs: readonly Run<ScannedEntry>[]): Promise<ReadonlySet<TreePath>> {
    const tracked = await this.#tracked;
    const untracked = runs.flatMap((run) => this.#untrackedIn(run, tracked));
    const mine = untracked.filter(({ path }) => !this.#ports.isAllowed(path));
    const secret = new Set(this.#secretNames(mine).filter((path) => this.#held?.has(path) !== true));
    for (const entry of mine) {
      if (entry.kind !== 'file' || entry.object === undefined || secret.has(entry.path)) continue;
      if (await this.#isSecret(entry.path, entry.object)) secret.add(entry.path);
    }
    return secret;
  }

  /** Mostly nothing, and mostly of runs that were asked about before. */
  #untrackedIn(run: Run<ScannedEntry>, tracked: PathList): readonly ScannedEntry[] {
    if (this.#untracked.by !== tracked) this.#untracked = { by: tracked, of: new WeakMap() };
    const known = this.#untracked.of.get(run);
    if (known !== undefined) return known;
    const found = run.filter(({ path }) => !tracked.has(path));
    this.#untracked.of.set(run, found);
    return found;
  }

  async #isSecret(path: TreePath, object: ObjectId): Promise<boolean> {
    if (this.#held?.object(path) === object) return false;
    const found = this.#ports.clean.get(object) ?? (await this.#readAndLook(path));
    if (found === 'unsearched') this.#unsearched.add(path);
    if (found === 'clean' || found === 'unsearched') this.#cleanObjects.set(object, found);
    return found === 'secret';
  }

  /** The scan cache knows its bytes, but not whether they are clean: the rules or the environment are others now. */
  async #readAndLook(path: TreePath): Promise<'secret' | Cleanness | undefined> {
    const read = await this.#tree.read(path);
    return read.ok ? this.#look(path, read.bytes) : undefined;
  }

  #isHeld(path: TreePath, bytes: Uint8Array): boolean {
    return this.#held !== undefined && this.#held.object(path) === blobId(bytes, this.#held.like);
  }

  #look(path: TreePath, bytes: Uint8Array): 'secret' | Cleanness {
    const text = textOf(bytes);
    if (text === null) {
      this.#unsearched.add(path);
      return 'unsearched';
    }
    const found = this.#ports.secrets.find(text).filter(({ sure }) => sure || !isExample(path));
    if (found.length === 0) return 'clean';
    const kinds = [...new Set(found.map(({ kind }) => kind))];
    this.#ports.log.info({ kinds, count: found.length }, 'a new file holds secrets and is not covered');
    return 'secret';
  }

  /** All names in one text: a search has a cost of its own. */
  #secretNames(entries: readonly ScannedEntry[]): readonly TreePath[] {
    const names = entries.map((entry) =>
      entry.kind === 'link' ? `${entry.path} ${entry.target}` : entry.path,
    );
    const found = this.#ports.secrets.find(names.join('\n'));
    const paths: TreePath[] = [];
    let index = 0;
    let end = names[0]?.length ?? 0;
    for (const { at } of found) {
      while (at > end && index < names.length - 1) end += 1 + (names[++index]?.length ?? 0);
      const path = entries[index]?.path;
      if (path !== undefined && paths.at(-1) !== path) paths.push(path);
    }
    return paths;
  }

  /** The user's repository's files, and those of the repositories inside it. */
  async #allTracked(tracked: Promise<readonly TreePath[]>, scan: TreeScan): Promise<PathList> {
    const nested = scan.uncovered.flatMap(({ path, reason }) =>
      reason === 'git-internal' && path.endsWith('/.git') ? [path.slice(0, -'/.git'.length)] : [],
    );
    const inside = nested.length === 0 ? [] : await this.#ports.git.tracked(nested);
    const outside = await tracked;
    if (inside.length > 0) return new PathList([...outside, ...inside]);
    // Mostly the list is the one of before, and what was asked about it is still known.
    if (this.#outside?.paths !== outside) this.#outside = { paths: outside, list: new PathList(outside) };
    return this.#outside.list;
  }
}

/** What is untracked of runs, `by` those paths that are tracked. */
interface Untracked {
  readonly by: PathList;
  readonly of: WeakMap<Run<ScannedEntry>, readonly ScannedEntry[]>;
}

function uncoveredFor(path: TreePath): Uncovered {
  return { path, reason: 'secret', directory: false };
}

/** Where words beside `password:` are made up more often than not. */
function isExample(path: TreePath): boolean {
  return /(?:^|[/._-])(?:tests?|specs?|fixtures?|mocks?|examples?|samples?|docs?|stories|__\w+__)(?:[/._-]|$)|\.md$/i.test(
    path,
  );
}
