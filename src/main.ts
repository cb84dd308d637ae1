import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import path from 'node:path';
import { openGitCheckpoints } from './adapters/checkpoint-git/git-checkpoint-store.ts';
import { matchGlob } from './adapters/globs-picomatch/match-glob.ts';
import { openLog } from './adapters/log-pino/pino-log.ts';
import type { Prices } from './adapters/model-ai-sdk/read-prices.ts';
import { openProcesses } from './adapters/processes/machine-processes.ts';
import { createStartReaper } from './adapters/processes/start-reaper.ts';
import {
  createProject as createPlace,
  dataHome,
  findProject,
} from './adapters/project-files/project-place.ts';
import { openPermissions } from './adapters/project-files/permissions-file.ts';
import { measureData } from './adapters/project-files/data-sizes.ts';
import { matchPaths } from './adapters/secrets-secretlint/match-paths.ts';
import { openSecrets, type OpenedSecrets } from './adapters/secrets-secretlint/open-secrets.ts';
import { newestSchema, openSqliteStore } from './adapters/store-sqlite/sqlite-store.ts';
import { randomIds } from './adapters/system/random-ids.ts';
import { systemClock } from './adapters/system/system-clock.ts';
import { FileTreeWriter } from './adapters/tree-writer/tree-writer.ts';
import { FileGitRewinder } from './adapters/user-git/file-git-rewinder.ts';
import { openUserGit } from './adapters/user-git/git-user-repository.ts';
import { openWorkTree } from './adapters/work-tree/fs-work-tree.ts';
import { driverNames } from './agent/agent.ts';
import type { AgentDriver } from './agent/driver.ts';
import type { RecoveredRestore } from './checkpoint/recover-restore.ts';
import { recordEvent } from './event/record-event.ts';
import type { DrillSite } from './checkpoint/drill-restore.ts';
import { checkpointSettings } from './checkpoint/automatic-settings.ts';
import type { UserGit } from './checkpoint/user-git.ts';
import type { TreeWriter } from './checkpoint/tree-writer.ts';
import type { WorkTree } from './checkpoint/work-tree.ts';
import type { ProjectHandle } from './handle.ts';
import {
  externalDrivers,
  openAgentOutput,
  openHomes,
  permissionsOf,
  type DriverParts,
} from './main-agents.ts';
import { ownPackage } from './main-package.ts';
import { openWorktrees, openWriters, withWorktrees } from './main-worktrees.ts';
import type { Gateway } from './gateway/gateway.ts';
import type { Log } from './log.ts';
import type { FlashSaveSettings } from './context/flash-save.ts';
import { KnownTexts } from './context/known-texts.ts';
import { movingOf } from './main-moving.ts';
import { sizeBytes } from './project/amounts.ts';
import type { ProjectConfig, ProjectPlace } from './project/config.ts';
import { defaultGraceMs } from './project/pause.ts';
import type { ProjectPorts, RunnerPorts } from './runner/ports.ts';
import { checkpointProject } from './runner/live-checkpoint.ts';
import { OpenProject } from './runner/project-handle.ts';
import type { AuditReport } from './secret/audit.ts';
import { redactLine } from './secret/redact-line.ts';
import { redactingStore } from './secret/redacting-store.ts';
import type { Secrets } from './secret/secrets.ts';
import { SecretFreeTree } from './secret/secret-free-tree.ts';

const reaperScript = path.join(ownPackage.dir, 'dist', 'reaper.js');

export interface OpenOptions {
  /** Also print the log to stderr. */
  readonly verbose?: boolean;
  /** What the log and the events call this process; `library` unless told. */
  readonly program?: string;
  /** Told of each restore that was cut and that this process finished or rolled back. */
  readonly onRecovered?: (recovered: RecoveredRestore) => void;
  /** For fault tests: stands between the program and the world. */
  readonly wrapPorts?: (ports: ProjectPorts) => ProjectPorts;
}

/** Makes a directory a project and opens it. */
export async function createProject(
  dir: string,
  options: OpenOptions & { readonly name?: string } = {},
): Promise<ProjectHandle> {
  const home = dataHome(process.env);
  return openPlace(createPlace(dir, { name: options.name, ids: randomIds, home }), options);
}

/** Opens the project that a directory is in. */
export async function openProject(dir: string, options: OpenOptions = {}): Promise<ProjectHandle> {
  return openPlace(findProject(dir, { home: dataHome(process.env) }), options);
}

/** Opens the project of a place that was found or made. */
export async function openPlace(place: ProjectPlace, options: OpenOptions): Promise<ProjectHandle> {
  const { ports, close } = await openPorts(place, options);
  const gateway = lazyGateway(ports, place);
  await introduce(ports, place);
  return new OpenProject({
    ports,
    name: place.config.name,
    dataDir: place.dataDir,
    loadRunner: (allow) => loadRunner(ports, { place, allow, gateway: gateway.open }),
    loadWindows,
    audit: (checkpointIds) => auditProject(ports, place, checkpointIds),
    permissions: { config: place.config.settings, memory: openPermissions(place.dataDir) },
    upkeep: { openDrill, ...movingOf(place, ports.program) },
    closePorts: async () => {
      await gateway.close();
      await close();
    },
  });
}

async function openPorts(
  place: ProjectPlace,
  options: OpenOptions,
): Promise<{ readonly ports: ProjectPorts; readonly close: () => Promise<void> }> {
  const { dir, dataDir, config } = place;
  const program = options.program ?? 'library';
  const opened = openSecrets({ root: dir, dataDir, env: process.env });
  const { secrets } = opened;
  const log = logOf(secrets, { dataDir, program, verbose: options.verbose === true });
  const store = await openSqliteStore({
    path: path.join(dataDir, 'state.db'),
    backupsDir: path.join(dataDir, 'backups'),
    create: !hasHistory(dataDir),
  });
  const git = openUserGit({ root: dir });
  const checkpoints = openGitCheckpoints({ path: path.join(dataDir, 'store.git') });
  const processes = openProcesses();
  const startReaper = createStartReaper({ script: reaperScript, log });
  const project = { id: config.id, name: config.name, marker: markerOf(config.id, dataDir) };
  const { both: writer, second } = openWriters(place);
  const ports: ProjectPorts = {
    store: redactingStore(store, secrets),
    checkpoints,
    git,
    tree: openTree(place, { opened, git, log, writer, second }),
    secrets,
    writer,
    matchGlob,
    gitRewinder: new FileGitRewinder({ root: dir, journalDir: path.join(dataDir, 'journal') }),
    clock: systemClock,
    ids: randomIds,
    log,
    project,
    program: `codeframe ${ownPackage.version}`,
    schema: newestSchema,
    projectDir: dir,
    ...(options.onRecovered === undefined ? {} : { onRecovered: options.onRecovered }),
    processes,
    homes: openHomes(place, secrets),
    worktrees: openWorktrees(place, project.marker),
    drivers: driversToCheck(() => ({ place, allow: [], ports })),
    space: checkpoints,
    measureDisk: async () => measureData(dataDir),
    checkpointSettings: checkpointSettings(config.settings.checkpoints),
    flashSave: flashSaveSettings(config),
    ...limitsOf(config),
    actor: nameOf(program),
    guard: (ownerId) => startReaper({ scope: project.marker, ownerId }),
  };
  return {
    ports: options.wrapPorts?.(ports) ?? ports,
    async close() {
      ports.tree.close?.();
      await checkpoints.close();
      await store.close();
      log.close();
    },
  };
}

function logOf(
  secrets: Secrets,
  of: { readonly dataDir: string; readonly program: string; readonly verbose: boolean },
): ReturnType<typeof openLog> {
  const redact = (line: string): string => redactLine(secrets, line);
  return openLog({ dir: path.join(of.dataDir, 'logs'), name: of.program, verbose: of.verbose, redact });
}

function nameOf(program: string): string {
  return `${program}:${userName()}@${hostname()}#${process.pid}`;
}

function limitsOf({ settings }: ProjectConfig): Pick<ProjectPorts, 'graceMs' | 'budgetUsd'> {
  return { graceMs: settings.graceMs ?? defaultGraceMs, budgetUsd: settings.budgetUsd };
}

function flashSaveSettings({ settings }: ProjectConfig): FlashSaveSettings {
  const { off = false, target = 0.4, threshold = 0.8, windowTokens } = settings.flashSave ?? {};
  return { off, target, threshold, windowTokens };
}

/** The project's files and the agents' worktrees, without new files that hold a secret but those that the settings allow. */
function openTree(
  place: ProjectPlace,
  made: {
    readonly opened: OpenedSecrets;
    readonly git: UserGit;
    readonly log: Log;
    readonly writer: TreeWriter;
    readonly second: TreeWriter;
  },
): WorkTree {
  const { dir, dataDir, config } = place;
  const { opened, git, log, writer, second } = made;
  const { secrets, clean } = opened;
  const isAllowed = matchPaths(config.settings.allowSecrets);
  const withoutSecrets = (tree: WorkTree, tracking: Pick<UserGit, 'tracked'>): WorkTree =>
    new SecretFreeTree(tree, { secrets, clean, git: tracking, log, isAllowed });
  const limits = {
    fileBytesMax: sizeBytes(config.settings.checkpoints?.fileSizeMax ?? ''),
    bytesMax: sizeBytes(config.settings.checkpoints?.sizeMax ?? ''),
  };
  const files = openWorkTree({
    root: dir,
    dataDir,
    restoring: () => writer.open(),
    ignored: (nested) => git.ignored(nested),
    ignoredBy: () => git.ignoredBy(),
    include: config.settings.include,
    ...limits,
  });
  return withWorktrees(place, withoutSecrets(files, git), { second, ...limits, withoutSecrets });
}

/** Its rows only pass through. */
async function openDrill(): Promise<DrillSite> {
  const { makeDrillDirectory } = await import('./adapters/work-tree/drill-directory.ts');
  const { openMemoryStore } = await import('./adapters/store-memory/memory-store.ts');
  const directory = makeDrillDirectory();
  const { root, dataDir } = directory;
  const store = openMemoryStore();
  return {
    tree: openWorkTree({ root, dataDir, ignored: async () => [] }),
    writer: new FileTreeWriter({ root, journalDir: path.join(dataDir, 'journal') }),
    store,
    async close() {
      await store.close();
      directory.remove();
    },
  };
}

/** Where a project has worked before, a missing database is a loss to be told, not one to be made anew. */
function hasHistory(dataDir: string): boolean {
  const traces = ['store.git', path.join('logs', 'codeframe.log')];
  return traces.some((name) => existsSync(path.join(dataDir, name)));
}

/** The project's row, on a machine that has seen the directory but not the project. */
async function introduce(ports: ProjectPorts, place: ProjectPlace): Promise<void> {
  const { id, name } = place.config;
  const known = await ports.store.read((tx) => tx.get('project', id));
  if (known !== undefined) return;
  const at = ports.clock.now();
  await ports.store.write(async (tx) => {
    if ((await tx.get('project', id)) !== undefined) return;
    await tx.insert('project', {
      id,
      name,
      status: 'created',
      state: { kind: 'created', since: at },
      createdAt: at,
    });
    await recordEvent(tx, ports, { type: 'project-created', data: { name, dir: place.dir } });
  });
}

/** The tokenizer takes 150 ms to load: only what runs agents or saves memory pays for it. */
async function loadRunner(ports: ProjectPorts, run: Omit<DriverParts, 'ports'>): Promise<RunnerPorts> {
  const { openO200kTokens } = await import('./adapters/tokens-o200k/o200k-tokens.ts');
  await ports.secrets.ready();
  const tokens = await openO200kTokens();
  return { ...ports, tokens, known: new KnownTexts(), drivers: await driversOf({ ...run, ports }) };
}

async function loadWindows(): Promise<(model: string) => number | null> {
  const { find } = await loadPrices();
  return (model) => find(model)?.windowTokens ?? null;
}

/** Those of the program, and of a file beside the projects that says otherwise. */
async function loadPrices(): Promise<Prices> {
  const { openPrices } = await import('./adapters/model-ai-sdk/read-prices.ts');
  return openPrices(path.join(dataHome(process.env), 'prices.json'));
}

/** Reads the logs only then; what is allowed in checkpoints is told apart. */
async function auditProject(
  ports: ProjectPorts,
  { dataDir, config }: ProjectPlace,
  checkpointIds: readonly string[],
): Promise<AuditReport> {
  const { audit } = await import('./secret/audit.ts');
  const { logTexts } = await import('./adapters/log-pino/log-texts.ts');
  const isAllowed = matchPaths(config.settings.allowSecrets);
  return audit({ ...ports, isAllowed, logs: () => logTexts(path.join(dataDir, 'logs')) }, checkpointIds);
}

/** The project's model server, opened when the first agent needs it. */
function lazyGateway(
  ports: ProjectPorts,
  { dir, dataDir }: ProjectPlace,
): { readonly open: () => Promise<Gateway>; readonly close: () => Promise<void> } {
  let opening: Promise<Gateway> | undefined;
  const load = async (): Promise<Gateway> => {
    const { openGateway } = await import('./adapters/gateway-http/http-gateway.ts');
    const { openGatewayPlace } = await import('./adapters/gateway-http/gateway-place.ts');
    const { find: findPriced } = await loadPrices();
    return openGateway({
      log: ports.log,
      clock: ports.clock,
      redact: (said) => ports.secrets.redact(said),
      projectDir: dir,
      env: process.env,
      place: openGatewayPlace(path.join(dataDir, 'gateway.json')),
      findPriced,
      checkpoint: async ({ agent, ...asked }) =>
        (await checkpointProject({ ...ports, actor: `agent:${agent}` }, asked)).id,
    });
  };
  return {
    open: () => (opening ??= load()),
    close: async () => (await opening)?.[Symbol.asyncDispose](),
  };
}

/** Knows the drivers by name, and loads them when one is asked whether it can run an agent: a quick command never is. */
function driversToCheck(parts: () => DriverParts): ReadonlyMap<string, AgentDriver> {
  let loading: Promise<ReadonlyMap<string, AgentDriver>> | undefined;
  const toCheck = (name: string): AgentDriver => ({
    name,
    check: async (agent) => {
      const loaded = await (loading ??= driversOf(parts()));
      await loaded.get(name)?.check(agent);
    },
    begin: () => {
      throw new Error(`the driver ${name} was loaded to check agents, not to run them`);
    },
  });
  return new Map(driverNames.map((name) => [name, toCheck(name)]));
}

/** The drivers of a run. Their schemas take half of a quick command's time to load. */
async function driversOf(made: DriverParts): Promise<ReadonlyMap<string, AgentDriver>> {
  const { createModelDriver } = await import('./agent/model-loop.ts');
  const { createOpenModel } = await import('./adapters/model-ai-sdk/open-model.ts');
  const { fileTools } = await import('./adapters/tools-files/file-tools.ts');
  const { createRunCommandTool } = await import('./adapters/tools-command/run-command.ts');
  const { createCommandDriver } = await import('./adapters/driver-command/command-driver.ts');
  const { table: prices } = await loadPrices();
  const { place, ports } = made;
  const { settings } = place.config;
  const parts = { clock: systemClock, log: ports.log, projectDir: place.dir };
  const model = createModelDriver({
    ...parts,
    openModel: createOpenModel({ env: process.env, clock: systemClock, prices }),
    tools: [...fileTools, createRunCommandTool(process.env)],
    permissionFor: permissionsOf(made).permissionFor,
    ...(settings.stepsMax === undefined ? {} : { stepsMax: settings.stepsMax }),
  });
  const command = createCommandDriver({
    ...parts,
    processes: ports.processes,
    env: process.env,
    openOutput: (agent) => openAgentOutput(made, agent),
  });
  const drivers = [model, command, ...(await externalDrivers(made))];
  return new Map(drivers.map((driver) => [driver.name, driver]));
}

export { examineAgents, needAgent, openRecordedTurns } from './main-agents.ts';

/** MCP on two streams, passed on to a server on HTTP; see the adapter. */
export async function bridgeMcp(
  url: URL,
  streams: { readonly input: NodeJS.ReadableStream; readonly output: NodeJS.WritableStream },
): Promise<void> {
  const { bridgeMcp: bridge } = await import('./adapters/gateway-http/mcp-bridge.ts');
  await bridge(url, streams);
}

/** Of these data and no others: a moved project, or a second CODEFRAME_HOME, has the same id. */
function markerOf(projectId: string, dataDir: string): string {
  return `${projectId}.${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as in many containers.
    return String(process.getuid?.() ?? 'unknown');
  }
}
