import { type FSWatcher, mkdirSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../processes/clock.js';
import { renameOverSync } from '../state/rename-over.js';
import { OutputTail } from './output-tail.js';

const OFFSETS_FILE = 'offsets.json';
const KEEP_BYTES = 1024 * 1024;
const MAX_BEHIND_BYTES = 16 * 1024 * 1024;
/** Writes are read together that come within, ms. */
const GATHER_MS = 20;
const SAVE_OFFSETS_MS = 1000;
/** Only when the system refuses to watch the folder, ms. */
const POLL_MS = 2000;

export interface OutputFolderOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** The trouble with these files, such as EMFILE; undefined when it is over. */
  readonly onProblem: (problem: string | undefined) => void;
}

/**
 * The files that proclets append their standard streams to. One watch of the folder says which one has grown; nothing
 * runs while none does. How far each was read is kept beside them, so that a restarted daemon goes on from there
 * (lines of the last second before a crash come twice).
 */
export class OutputFolder {
  readonly #options: OutputFolderOptions;
  readonly #tails = new Map<string, OutputTail>();
  readonly #grown = new Set<string>();
  readonly #offsets: Map<string, number>;
  #watcher: FSWatcher | undefined;
  #cancelPoll: (() => void) | undefined;
  #cancelRead: (() => void) | undefined;
  #cancelSave: (() => void) | undefined;
  #closed = false;
  readonly #faults = new Map<string, string>();

  constructor(options: OutputFolderOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#offsets = readOffsets(join(options.folder, OFFSETS_FILE));
    this.#watch();
  }

  path(name: string): string {
    return join(this.#options.folder, name);
  }

  /** Follows the file from where it was last read to. */
  follow(name: string, onLine: (line: string) => void): void {
    if (this.#tails.has(name)) return;
    const tail = new OutputTail({
      path: this.path(name),
      offset: this.#offsets.get(name) ?? 0,
      keepBytes: KEEP_BYTES,
      maxBehindBytes: MAX_BEHIND_BYTES,
      onLine,
    });
    this.#tails.set(name, tail);
    this.#hasGrown(name);
  }

  /** Delivers all that is there: the process that wrote it has ended. */
  finish(name: string): void {
    this.#guarded(name, () => this.#tails.get(name)?.finish());
    this.#saveSoon();
  }

  /**
   * The files `by`, which nobody follows, become those that are followed and whose own writer has ended, by name: with all
   * that was and will be written to them. Throws when one cannot be renamed.
   */
  replace(files: Readonly<Record<string, string>>): void {
    for (const [name, by] of Object.entries(files)) {
      this.finish(name);
      renameOverSync(this.path(by), this.path(name));
      this.#tails.get(name)?.restart();
      this.#hasGrown(name);
    }
    this.#save(); // else a daemon that crashes now would have the next begin in the middle of them
  }

  /** Delivers the rest and deletes the file. */
  remove(name: string): void {
    this.finish(name);
    this.#tails.delete(name);
    this.#offsets.delete(name);
    this.#guarded(name, () => rmSync(this.path(name), { force: true }));
  }

  /** Deletes what an earlier daemon left behind of replicas that are no more. */
  removeUnfollowed(): void {
    for (const name of readdirSync(this.#options.folder)) {
      if (name === OFFSETS_FILE || this.#tails.has(name)) continue;
      this.#guarded(name, () => rmSync(this.path(name), { force: true, recursive: true }));
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watcher?.close();
    for (const cancel of [this.#cancelPoll, this.#cancelRead, this.#cancelSave]) cancel?.();
    for (const name of this.#tails.keys()) this.#guarded(name, () => this.#tails.get(name)?.read());
    this.#save();
  }

  #watch(): void {
    try {
      this.#watcher = watch(this.#options.folder, { persistent: false }, (_kind, name) => {
        if (name !== null && this.#tails.has(name)) this.#hasGrown(name);
      });
      this.#watcher.on('error', () => this.#pollInstead());
    } catch {
      this.#pollInstead(); // out of inotify watches: slower, but nothing is lost
    }
  }

  #pollInstead(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    if (this.#closed) return;
    this.#cancelPoll = this.#options.clock.after(POLL_MS, () => {
      for (const name of this.#tails.keys()) this.#hasGrown(name);
      this.#pollInstead();
    });
  }

  #hasGrown(name: string): void {
    if (this.#closed) return;
    this.#grown.add(name);
    this.#cancelRead ??= this.#options.clock.after(GATHER_MS, () => {
      this.#cancelRead = undefined;
      const names = [...this.#grown];
      this.#grown.clear();
      for (const each of names) {
        this.#guarded(each, () => {
          if (this.#tails.get(each)?.read()) this.#hasGrown(each);
        });
      }
      this.#saveSoon();
    });
  }

  #saveSoon(): void {
    if (this.#closed) return;
    this.#cancelSave ??= this.#options.clock.after(SAVE_OFFSETS_MS, () => {
      this.#cancelSave = undefined;
      this.#save();
    });
  }

  #save(): void {
    const offsets = Object.fromEntries([...this.#tails].map(([name, tail]) => [name, tail.offset]));
    const path = this.path(OFFSETS_FILE);
    this.#guarded(OFFSETS_FILE, () => {
      writeFileSync(`${path}.new`, JSON.stringify(offsets), { mode: 0o600 });
      renameOverSync(`${path}.new`, path);
    });
  }

  /** `what` is at fault until the same succeeds. */
  #guarded(what: string, action: () => void): void {
    try {
      action();
      if (this.#faults.delete(what)) this.#options.onProblem([...this.#faults.values()][0]);
    } catch (reason) {
      const why = reason instanceof Error ? reason.message : String(reason);
      if (this.#faults.get(what) === why) return;
      this.#faults.set(what, why);
      this.#options.onProblem(why);
    }
  }
}

function readOffsets(path: string): Map<string, number> {
  const offsets = new Map<string, number>();
  try {
    const saved: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof saved !== 'object' || saved === null) return offsets;
    for (const [name, offset] of Object.entries(saved)) {
      if (typeof offset === 'number' && Number.isSafeInteger(offset) && offset >= 0)
        offsets.set(name, offset);
    }
  } catch {
    // Never saved, or cut off: lines are delivered again rather than lost.
  }
  return offsets;
}
