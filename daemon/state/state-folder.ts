import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { folderObstacle, makeFolder } from './make-folder.js';

/** The kernel's limit is 108 with the final NUL; some systems have 104. */
const MAX_SOCKET_PATH_BYTES = 103;

/** Names of sockets below the runtime folder, subfolders included, are at most this long. */
export const MAX_SOCKET_NAME_BYTES = 48;

/** Where a daemon keeps its things. All folders are of mode 0700. */
export interface StateLayout {
  readonly stateFolder: string;
  /** folder-lock.ts. */
  readonly lockFolder: string;
  /** The local bus's store. */
  readonly storeFolder: string;
  /** What this daemon remembers of its cluster (daemon/memory). */
  readonly memoryFolder: string;
  readonly artifactsFolder: string;
  /** What this host's envelopes need to adopt their proclets. */
  readonly hostFolder: string;
  /** Standard streams of the proclets until they are read. */
  readonly outputFolder: string;
  /** What the apps' components store (`ctx.state`). */
  readonly appStateFolder: string;
  readonly ingressFolder: string;
  readonly ingressRecord: string;
  readonly logFolder: string;
  /** Sockets. */
  readonly runtimeFolder: string;
  readonly apiSocket: string;
  readonly controlSocket: string;
  readonly ingressSocket: string;
  /** Of the proclets. */
  readonly procletFolder: string;
}

export function stateLayout(stateFolder: string): StateLayout {
  const state = resolve(stateFolder);
  const run = runtimeFolder(state);
  return {
    stateFolder: state,
    lockFolder: join(state, 'lock'),
    storeFolder: join(state, 'store'),
    memoryFolder: join(state, 'memory'),
    artifactsFolder: join(state, 'artifacts'),
    hostFolder: join(state, 'host'),
    outputFolder: join(state, 'output'),
    appStateFolder: join(state, 'app-state'),
    ingressFolder: join(state, 'ingress'),
    ingressRecord: join(state, 'ingress', 'record.json'),
    logFolder: join(state, 'logs'),
    runtimeFolder: run,
    apiSocket: join(run, API_SOCKET),
    controlSocket: join(run, 'control.sock'),
    ingressSocket: join(run, 'ingress.sock'),
    procletFolder: join(run, 'p'),
  };
}

const API_SOCKET = 'api.sock';

/** The socket on which a daemon on that state folder, if there is one, answers. */
export function apiSocketOf(stateFolder: string): string {
  return join(runtimeFolder(stateFolder), API_SOCKET);
}

/**
 * `<state>/run`, or, where the path is too long for sockets, a folder of the system's temporary one that is named
 * by the user and the state folder.
 */
export function runtimeFolder(stateFolder: string): string {
  const state = resolve(stateFolder);
  const inside = join(state, 'run');
  if (Buffer.byteLength(inside) + 1 + MAX_SOCKET_NAME_BYTES <= MAX_SOCKET_PATH_BYTES) return inside;
  const digest = createHash('sha256').update(state).digest('hex').slice(0, 12);
  return join(tmpdir(), `weaverd-${process.getuid?.() ?? 0}-${digest}`);
}

/** Creates the state and runtime folders, and makes sure that nobody else can write to them. */
export async function prepareStateFolder(layout: StateLayout): Promise<void> {
  await ownFolder(layout.stateFolder);
  await ownFolder(layout.runtimeFolder);
  for (const folder of [layout.hostFolder, layout.outputFolder, layout.ingressFolder, layout.logFolder])
    await mkdir(folder, { recursive: true, mode: 0o700 });
}

/** Once no socket is left in it: the folder may be a temporary one that nobody else would clear away. */
export async function removeRuntimeFolder({ procletFolder, runtimeFolder }: StateLayout): Promise<void> {
  for (const folder of [procletFolder, runtimeFolder]) await rmdir(folder).catch(() => undefined); // something is in it: it is in use still
}

/**
 * Makes a folder of mode 0700 that is ours, not a link to somewhere that another user chose. Rejects with a
 * StateFolderError.
 */
export async function ownFolder(path: string): Promise<void> {
  try {
    await makeFolder(path);
  } catch (reason) {
    throw new StateFolderError(
      `cannot make the folder ${path}: ${folderObstacle(reason)}; name another with --state`,
      { cause: reason },
    );
  }
  const found = await lstat(path);
  const uid = process.getuid?.();
  if (!found.isDirectory())
    throw new StateFolderError(`${path} is no folder; remove it, or name another with --state`);
  if (uid !== undefined && found.uid !== uid)
    throw new StateFolderError(
      `${path} belongs to user ${found.uid}, not to ${uid}; run weaverd as that user, or name another with --state`,
    );
  if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
}

export class StateFolderError extends Error {
  override readonly name = 'StateFolderError';
}
