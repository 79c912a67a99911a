import { readFile, stat, statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import type {
  BusExamination,
  DiskSpace,
  HostExamination,
  ReachTarget,
  RedisExamination,
} from './examination.js';

export interface ExamineOptions {
  readonly host: string;
  readonly weaverd: string;
  readonly stateFolder: string;
  /** Only their owner may read them. */
  readonly secretFiles: readonly string[];
  /** Undefined for a host of its own. Never rejects. */
  readonly examineBus: (() => Promise<BusExamination>) | undefined;
  /** Undefined where state is kept in files. Never rejects. */
  readonly examineRedis?: (() => Promise<RedisExamination>) | undefined;
}

const CONNECT_MS = 1500;
export const MAX_TARGETS = 64;

/** Never rejects: what cannot be found out is undefined. Takes 3 s at most. */
export async function examineHost(
  options: ExamineOptions,
  targets: readonly ReachTarget[],
): Promise<HostExamination> {
  const { host, weaverd, stateFolder, secretFiles, examineBus, examineRedis } = options;
  const [maxOpenFiles, disk, exposed, reached, bus, redis] = await Promise.all([
    openFilesLimit(),
    diskSpace(stateFolder),
    exposedFiles([stateFolder, ...secretFiles]),
    Promise.all(
      targets
        .slice(0, MAX_TARGETS)
        .map(async (target) => ({ ...target, reason: await reasonNotReached(target) })),
    ),
    examineBus?.(),
    examineRedis?.(),
  ]);
  return { host, weaverd, node: process.version, maxOpenFiles, disk, exposed, reached, bus, redis };
}

async function openFilesLimit(): Promise<number | undefined> {
  // Only Linux tells it there.
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  return soft === undefined ? undefined : soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft);
}

async function diskSpace(folder: string): Promise<DiskSpace | undefined> {
  try {
    const { bsize, bavail, blocks } = await statfs(folder);
    return { folder, freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return undefined; // the file system does not tell
  }
}

async function exposedFiles(
  paths: readonly string[],
): Promise<readonly { readonly path: string; readonly mode: number }[]> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const mode = await stat(path).then(
        (each) => each.mode & 0o777,
        () => 0, // gone since: nobody reads it
      );
      return { path, mode };
    }),
  );
  return found.filter(({ mode }) => (mode & 0o077) !== 0);
}

/** Undefined when a TCP connection can be made. */
function reasonNotReached({ address, port }: ReachTarget): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const end = (reason: string | undefined) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reason);
    };
    const timer = setTimeout(() => end(`no connection within ${CONNECT_MS} ms`), CONNECT_MS);
    socket.once('connect', () => end(undefined));
    socket.once('error', (reason) => end(reason.message));
  });
}
