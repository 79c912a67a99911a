import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identifyProcess, isRunning, type ProcessIdentity } from '../../sdk/protocol/process-identity.js';

/** Held by this process until it is released or the process has gone. */
export interface FolderLock {
  release(): Promise<void>;
}

/** Another daemon holds the folder. */
export class FolderLockedError extends Error {
  override readonly name = 'FolderLockedError';
  constructor(
    readonly folder: string,
    readonly pid: number,
  ) {
    super(
      `another weaverd daemon (pid ${pid}) runs on ${folder}; stop it with \`weaverd shutdown --state ${folder}\`, or name another folder with --state`,
    );
  }
}

interface Holder extends ProcessIdentity {
  readonly released: boolean;
}

const MAX_ATTEMPTS = 20;

/**
 * The lock is the file with the highest number in the folder, which names the holder. It is taken over from a process
 * that has gone by creating the next number, which only one can do; numbers only rise, and the highest file is never
 * removed, so that one who looked long ago cannot take what another holds by now.
 *
 * Rejects with FolderLockedError while the holder runs. `folder` is what the error calls the locked thing.
 */
export async function lockFolder(lockFolder: string, folder: string): Promise<FolderLock> {
  await mkdir(lockFolder, { recursive: true, mode: 0o700 });
  const self = identifyProcess(process.pid);
  if (self === undefined)
    throw new Error('cannot read /proc/self/stat, by which processes are told apart; is /proc mounted?');
  const content = join(lockFolder, `new-${randomUUID()}`);
  await writeHolder(content, { ...self, released: false });
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const numbers = await lockNumbers(lockFolder);
      const highest = numbers.at(-1) ?? 0;
      const holder = highest === 0 ? undefined : await readHolder(join(lockFolder, String(highest)));
      if (holder === 'gone') continue;
      if (holder !== undefined && !holder.released && isRunning(holder))
        throw new FolderLockedError(folder, holder.pid);
      const path = join(lockFolder, String(highest + 1));
      if (!(await linked(content, path))) continue;
      if ((await lockNumbers(lockFolder)).at(-1) !== highest + 1) {
        await unlinkIfThere(path);
        continue;
      }
      for (const number of numbers) await unlinkIfThere(join(lockFolder, String(number)));
      return { release: () => release(lockFolder, path, self) };
    }
  } finally {
    await unlinkIfThere(content);
  }
  throw new Error(
    `${lockFolder}: the lock could not be had in ${MAX_ATTEMPTS} attempts; others are starting too`,
  );
}

async function release(lockFolder: string, path: string, self: ProcessIdentity): Promise<void> {
  const content = join(lockFolder, `new-${randomUUID()}`);
  await writeHolder(content, { ...self, released: true });
  await rename(content, path);
}

async function lockNumbers(lockFolder: string): Promise<number[]> {
  const names = await readdir(lockFolder);
  return names
    .filter((name) => /^[1-9][0-9]*$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

async function writeHolder(path: string, holder: Holder): Promise<void> {
  await writeFile(path, JSON.stringify(holder), { mode: 0o600, flag: 'wx' });
}

/** Undefined when it does not say who: a file that was damaged holds nothing. */
async function readHolder(path: string): Promise<Holder | 'gone' | undefined> {
  try {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const { pid, startTime, released } = parsed as Record<string, unknown>;
    if (typeof pid !== 'number' || typeof startTime !== 'string') return undefined;
    return { pid, startTime, released: released === true };
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === 'ENOENT') return 'gone';
    if (reason instanceof SyntaxError) return undefined;
    throw reason;
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw reason;
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code !== 'ENOENT') throw reason;
  }
}
