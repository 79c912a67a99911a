import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Durability, StateDriver, StateFence } from '../driver.js';
import { syncFolder, unfinishedLog } from './compaction.js';
import { FileStore } from './file-store.js';
import { LogFile } from './log-file.js';
import { recoverLog } from './recover.js';
import { lockStore } from './store-lock.js';

export interface FileDriverOptions {
  /** Of the app; each component has a folder in it, which is made when it is needed. */
  readonly folder: string;
  readonly durability: Durability;
  /** Hears of damage that was found, and of what fails in the background. */
  readonly onProblem: (message: string, reason?: unknown) => void;
  /** How long to wait for another process to give a store up, ms; 30,000 by default. */
  readonly lockWaitMs?: number;
  /** Unix ms; the system's clock by default. */
  readonly now?: () => number;
  /** See FileStoreOptions. */
  readonly maxLiveBytes?: number;
  readonly compactFrom?: number;
}

/** Longer than a replica of the version before takes to drain, by default. */
const LOCK_WAIT_MS = 30_000;

/** The log of a component, in its folder. */
export const LOG_FILE = 'state.log';

/**
 * Keeps each component's state in `<folder>/<component>/state.log`, a log of changes with a checksum for each, and all of it in
 * memory. One process at a time: `<folder>/<component>/lock` says which.
 */
export class FileDriver implements StateDriver {
  readonly #options: FileDriverOptions;

  constructor(options: FileDriverOptions) {
    this.#options = options;
  }

  async open(component: string, _fence: StateFence, signal: AbortSignal): Promise<FileStore> {
    const { folder, durability, onProblem, lockWaitMs = LOCK_WAIT_MS, now = Date.now } = this.#options;
    const { maxLiveBytes, compactFrom } = this.#options;
    const own = join(folder, encodeURIComponent(component));
    const lock = await lockStore(join(own, 'lock'), lockWaitMs, signal);
    try {
      const path = join(own, LOG_FILE);
      await rm(unfinishedLog(path), { force: true });
      const { handle, table, size, damage } = await recoverLog(path);
      for (const made of [own, folder, dirname(folder)]) await syncFolder(made);
      if (damage !== undefined)
        onProblem(
          damage.kind === 'torn'
            ? `the state of ${component} ends in a write that was not finished: its ${damage.bytes} bytes were moved to ${damage.keptAt}`
            : `THE STATE OF ${component} IS DAMAGED at byte ${damage.offset} of ${path}: all before it is served; the ${damage.bytes} bytes from there on, acknowledged writes among them, were moved to ${damage.keptAt}. Compare with a backup`,
        );
      return new FileStore(new LogFile(path, handle, size), table, {
        durability,
        now,
        onProblem,
        release: () => lock.release(),
        maxLiveBytes,
        compactFrom,
      });
    } catch (reason) {
      await lock.release();
      throw reason;
    }
  }
}
