import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { identifyProcess, isRunning, type ProcessIdentity } from '../../protocol/process-identity.js';
import { StateError } from '../state-error.js';

/** Held until it is released or this process has gone. */
export interface StoreLock {
  release(): Promise<void>;
}

interface Holder extends ProcessIdentity {
  /** Two stores of one process exclude each other too. */
  readonly id: string;
  readonly released: boolean;
}

const RETRY_MS = 20;
const MAX_ATTEMPTS = 20;

/**
 * The lock is the file with the highest number in the folder, which names the holder. It is taken over from a process that has
 * gone, or has released it, by creating the next number, which only one can do; numbers only rise, and the highest file is
 * never removed: one who looked long ago cannot take what another holds by now. (The daemon locks its folder the same way.)
 *
 * Waits up to `waitMs` for a holder that runs; then rejects with a StateError LOCKED, or with CLOSED when `signal` aborts.
 */
export async function lockStore(folder: string, waitMs: number, signal: AbortSignal): Promise<StoreLock> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const self = identifyProcess(process.pid);
  if (self === undefined)
    throw new Error('cannot read /proc/self/stat, by which processes are told apart; is /proc mounted?');
  const id = randomUUID();
  const content = join(folder, `new-${id}`);
  await writeFile(content, JSON.stringify({ ...self, id, released: false }), { mode: 0o600, flag: 'wx' });
  const end = performance.now() + waitMs;
  try {
    for (;;) {
      const taken = await take(folder, content);
      if (typeof taken === 'string')
        return { release: () => release(taken, `${content}-released`, { ...self, id, released: true }) };
      if (performance.now() >= end)
        throw new StateError(
          'LOCKED',
          `the process ${taken.pid} has the state in ${folder}; a component with state runs as one replica: stop the other`,
        );
      if (signal.aborted) throw new StateError('CLOSED', `${folder}: the component is shutting down`);
      await setTimeout(RETRY_MS);
    }
  } finally {
    await rm(content, { force: true });
  }
}

/** The path of the lock's file, or who holds it. */
async function take(folder: string, content: string): Promise<string | Holder> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const numbers = await lockNumbers(folder);
    const highest = numbers.at(-1) ?? 0;
    const holder = highest === 0 ? undefined : await readHolder(join(folder, String(highest)));
    if (holder === 'gone') continue;
    if (holder !== undefined && !holder.released && isRunning(holder)) return holder;
    const path = join(folder, String(highest + 1));
    if (!(await linked(content, path))) continue;
    if ((await lockNumbers(folder)).at(-1) !== highest + 1) {
      await rm(path, { force: true });
      continue;
    }
    for (const number of numbers) await rm(join(folder, String(number)), { force: true });
    return path;
  }
  throw new StateError('LOCKED', `${folder}: the lock could not be had in ${MAX_ATTEMPTS} attempts`);
}

async function release(path: string, content: string, holder: Holder): Promise<void> {
  await writeFile(content, JSON.stringify(holder), { mode: 0o600 });
  await rename(content, path);
}

async function lockNumbers(folder: string): Promise<number[]> {
  return (await readdir(folder))
    .filter((name) => /^[1-9][0-9]*$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** Undefined when it does not say who: a file that was damaged holds nothing. */
async function readHolder(path: string): Promise<Holder | 'gone' | undefined> {
  try {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const { pid, startTime, id, released } = parsed as Record<string, unknown>;
    if (typeof pid !== 'number' || typeof startTime !== 'string' || typeof id !== 'string') return undefined;
    return { pid, startTime, id, released: released === true };
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
