import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { readExport, writeExport } from './adapters/checkpoint-git/export-file.ts';
import { openGitTransfer } from './adapters/checkpoint-git/git-transfer.ts';
import { removeAbandoned, stageName } from './adapters/checkpoint-git/stages.ts';
import { arrive, dataHome, findArrival } from './adapters/project-files/project-place.ts';
import { newestSchema, openSqliteStore } from './adapters/store-sqlite/sqlite-store.ts';
import { keptIds, remoteUrl } from './adapters/user-git/users-refs.ts';
import { findLeftovers, takeAwayLeftovers } from './adapters/checkpoint-git/leftovers.ts';
import { findUnusedData, removeUnusedData } from './adapters/project-files/unused-data.ts';
import type {
  CheckpointRemote,
  CheckpointTransfer,
  RemoteCheckpoint,
} from './checkpoint/checkpoint-transfer.ts';
import type { ExportHeader } from './checkpoint/export-header.ts';
import { corruptExport } from './checkpoint/export-header.ts';
import { CodeframeError } from './failure.ts';
import type { ArrivalReport, MoveOptions, ProjectHandle, PullReport } from './handle.ts';
import type { ProjectPlace } from './project/config.ts';
import { refuseUnfit } from './runner/move-checkpoints.ts';
import type { Upkeep } from './runner/upkeep.ts';

/** How an opened project is handed over; `main.ts` opens it. */
export type OpenPlace = (place: ProjectPlace) => Promise<ProjectHandle>;

/** Exports and remotes of an open project. */
export function movingOf(place: ProjectPlace, program: string): Omit<Upkeep, 'openDrill'> {
  const store = path.join(place.dataDir, 'store.git');
  const transfer = openGitTransfer({ path: store });
  const projects = path.dirname(place.dataDir);
  return {
    transfer,
    checkDatabase: () => checkDatabase(place.dataDir),
    leftovers: async () => [
      ...findLeftovers(store),
      ...findUnusedData(projects).map((name) => path.join(projects, name)),
    ],
    removeLeftovers: async () => {
      takeAwayLeftovers(store);
      removeUnusedData(projects);
    },
    keptIds: () => keptIds(place.dir),
    export: ({ checkpointId, commit, file, force }) =>
      writeExport({
        path: path.resolve(file),
        force,
        header: {
          projectId: place.config.id,
          projectName: place.config.name,
          checkpointId,
          commit,
          schema: newestSchema,
          program,
          exportedAt: new Date().toISOString(),
          config: { format: 1, ...place.config },
        },
        pack: (bundle) => transfer.pack(checkpointId, bundle),
      }),
    openRemote: (name, cwd) => {
      // Where a pull was killed before the project was here, its stage is left.
      removeAbandoned(path.dirname(place.dataDir));
      return openRemote(transfer, name, { root: place.dir, cwd });
    },
  };
}

/** What SQLite finds wrong with a project's database, a line each. Throws `corrupt-database` for one that cannot be opened. */
export async function checkDatabase(dataDir: string): Promise<readonly string[]> {
  const store = await openSqliteStore({
    path: path.join(dataDir, 'state.db'),
    backupsDir: path.join(dataDir, 'backups'),
    create: false,
  });
  try {
    return await store.check();
  } finally {
    await store.close();
  }
}

/**
 * Brings a project to this machine from an export: its data, its rows with the ledger, and its files into `dir`. Verified
 * to its last byte before anything is made; may be killed and called again. Where the project is known, the checkpoint is
 * added to its list and the files stay, unless the directory has none.
 */
export async function importExport(
  request: { readonly file: string; readonly dir: string },
  openPlace: OpenPlace,
): Promise<{ readonly project: ProjectHandle; readonly report: ArrivalReport }> {
  const home = dataHome(process.env);
  const file = path.resolve(request.file);
  const stage = makeStage(home);
  try {
    const bundle = path.join(stage, 'bundle');
    const header = await readExport(file, bundle);
    const found = findArrival(request.dir, { projectId: header.projectId, home });
    await verifyExport(file, { header, bundle, store: path.join(stage, 'store.git') });
    const place = arrive(found.dir, { ...header, name: header.projectName, home });
    const project = await openPlace(place);
    const report = await project
      .takeIn({ file: bundle, checkpointId: header.checkpointId, commit: header.commit, from: file })
      .catch(async (error: unknown) => {
        await project.close();
        throw error;
      });
    return { project, report: { ...report, projectId: header.projectId } };
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** Brings the project that a remote has into a directory in which none is. Throws as a pull does. */
export async function pullProject(
  request: {
    readonly remote: string;
    readonly dir: string;
    readonly projectId?: string | undefined;
  } & MoveOptions,
  openPlace: OpenPlace,
): Promise<{ readonly project: ProjectHandle; readonly report: PullReport }> {
  const home = dataHome(process.env);
  const stage = makeStage(home);
  try {
    const transfer = openGitTransfer({ path: path.join(stage, 'store.git') });
    const cwd = request.cwd ?? process.cwd();
    const remote = await openRemote(transfer, request.remote, { root: cwd, cwd });
    const projectId = chooseProject(await remote.list(), request);
    const { dir } = findArrival(request.dir, { projectId, home });
    const place = arrive(dir, { projectId, name: path.basename(dir), config: null, home });
    const project = await openPlace(place);
    const report = await project.pull(request.remote, { ...request, cwd }).catch(async (error: unknown) => {
      await project.close();
      throw error;
    });
    return { project, report };
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

async function openRemote(
  transfer: CheckpointTransfer,
  name: string,
  place: { readonly root: string; readonly cwd: string },
): Promise<CheckpointRemote> {
  const url = await remoteUrl(name, place);
  if (url !== null) return transfer.remote(url);
  const problem = 'there is no remote of that name, and no such directory';
  throw new CodeframeError({
    code: 'remote-failed',
    remote: name,
    doing: 'find it',
    why: 'no-repository',
    problem,
  });
}

/** Where an export is looked at before anything is made of it: on the disk that the data are on. */
function makeStage(home: string): string {
  const projects = path.join(home, 'projects');
  mkdirSync(projects, { recursive: true, mode: 0o700 });
  removeAbandoned(projects);
  return mkdtempSync(path.join(projects, stageName(process.pid)));
}

async function verifyExport(
  file: string,
  what: { readonly header: ExportHeader; readonly bundle: string; readonly store: string },
): Promise<void> {
  const { projectId, checkpointId: id, commit, schema } = what.header;
  if (schema > newestSchema)
    throw new CodeframeError({ code: 'export-newer', path: file, found: schema, known: newestSchema });
  const transfer = openGitTransfer({ path: what.store });
  await using incoming = await transfer.unpack(what.bundle, { id, commit });
  await incoming.checkpoints.verify(id);
  const stored = await incoming.checkpoints.open(id);
  if (stored.manifest.projectId !== projectId) {
    throw corruptExport(
      file,
      'its header',
      `it says ${projectId}, and the checkpoint is of ${stored.manifest.projectId}`,
    );
  }
  await refuseUnfit({ project: { id: projectId }, schema: newestSchema }, stored);
}

function chooseProject(
  there: readonly RemoteCheckpoint[],
  request: {
    readonly remote: string;
    readonly projectId?: string | undefined;
    readonly ids?: readonly string[];
  },
): string {
  const wanted = there.filter(({ id }) => request.ids === undefined || request.ids.includes(id));
  const projects = [...new Set(wanted.map(({ projectId }) => projectId))];
  const fitting =
    request.projectId === undefined ? projects : projects.filter((id) => id === request.projectId);
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return only;
  const argument = only === undefined ? request.remote : '--project';
  const problem =
    only === undefined
      ? 'it has no such checkpoints'
      : `the remote has several projects: ${fitting.join(', ')}`;
  throw new CodeframeError({ code: 'invalid-argument', argument, problem });
}
