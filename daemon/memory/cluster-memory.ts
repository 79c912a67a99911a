import { join } from 'node:path';
import { type Epoch, isEpoch, NO_EPOCH } from '../leader/epoch.js';
import { CheckedFile } from './checked-file.js';
import { type DurableFiles, diskFiles } from './durable-files.js';
import {
  changeOf,
  idText,
  isTombstone,
  type MemoryEntry,
  type RecordId,
  surplusTombstones,
} from './memory-entry.js';
import {
  MAX_RECORDS,
  type MemorySummary,
  type RecordSummary,
  readEntries,
  summarizeRecord,
  summaryOf,
} from './memory-summary.js';

const DESIRED_FILE = 'desired.memory';
const EPOCH_FILE = 'epoch.memory';

export interface ClusterMemoryOptions {
  /** Of this daemon alone; it is there. */
  readonly folder: string;
  /** The disk's by default. */
  readonly files?: DurableFiles;
  /** Made once for a new folder, at random. */
  readonly newInstallation: () => string;
  /** A file was damaged: it was set aside, and what it held is forgotten. */
  readonly damaged: (problem: string) => void;
  /** Why it cannot be written at present; undefined when it can again. */
  readonly onProblem: (problem: string | undefined) => void;
}

/**
 * What this daemon remembers of the cluster over its own and the store's loss: the newest desired records and the
 * highest epoch it saw. It forgets nothing because the store no longer has it; only a tombstone or a higher change
 * replaces a record.
 */
export class ClusterMemory {
  readonly #options: ClusterMemoryOptions;
  readonly #entries = new Map<string, { readonly entry: MemoryEntry; readonly summary: RecordSummary }>();
  readonly #desired: CheckedFile;
  readonly #epochs: CheckedFile;
  #epoch: Epoch = NO_EPOCH;
  #leader: string | undefined;
  #installation = '';
  #summary: MemorySummary | undefined;

  private constructor(options: ClusterMemoryOptions) {
    this.#options = options;
    const problems = new Map<string, string>();
    const onProblem = (path: string, problem: string | undefined) => {
      if (problem === undefined) problems.delete(path);
      else problems.set(path, problem);
      options.onProblem(problems.values().next().value);
    };
    const files = options.files ?? diskFiles;
    this.#desired = new CheckedFile(join(options.folder, DESIRED_FILE), files, onProblem);
    this.#epochs = new CheckedFile(join(options.folder, EPOCH_FILE), files, onProblem);
  }

  /** Rejects when the files cannot be read or written at all; damaged ones are set aside. */
  static async open(options: ClusterMemoryOptions): Promise<ClusterMemory> {
    const memory = new ClusterMemory(options);
    await memory.#read();
    if (memory.#installation === '') {
      memory.#installation = options.newInstallation();
      await memory.#saveDesired();
    }
    return memory;
  }

  /** Of the state folder, for as long as it exists. */
  get installation(): string {
    return this.#installation;
  }

  get highestEpoch(): Epoch {
    return this.#epoch;
  }

  /** Who leads the incarnation of the highest epoch; undefined when it is not known. */
  get leader(): string | undefined {
    return this.#leader;
  }

  /** Sorted by bucket and key; tombstones among them. */
  entries(): readonly MemoryEntry[] {
    return [...this.#entries.keys()].sort().flatMap((id) => this.#entries.get(id)?.entry ?? []);
  }

  /** Undefined when it was never seen. */
  value(id: RecordId): unknown {
    return this.#entries.get(idText(id))?.entry.value;
  }

  /** What was asked for, as far as it is remembered and fits into about so many bytes of JSON. */
  contents(ids: readonly RecordId[], maxBytes: number): readonly MemoryEntry[] {
    const found: MemoryEntry[] = [];
    let bytes = 0;
    for (const id of ids) {
      const entry = this.#entries.get(idText(id))?.entry;
      if (entry === undefined) continue;
      bytes += Buffer.byteLength(JSON.stringify(entry));
      if (bytes > maxBytes) break;
      found.push(entry);
    }
    return found;
  }

  summary(): MemorySummary {
    this.#summary ??= summaryOf([...this.#entries.values()].map(({ summary }) => summary));
    return this.#summary;
  }

  /**
   * Takes those of a higher change than it has. Resolves when they are on disk; rejects when they cannot be written,
   * though they are remembered until this process ends, and written with the next.
   */
  async remember(entries: readonly MemoryEntry[]): Promise<void> {
    const taken = entries.filter((entry) => this.#take(entry));
    if (taken.length === 0) return;
    if (taken.some(({ value }) => isTombstone(value))) this.#forgetOldTombstones();
    this.#summary = undefined;
    await this.#saveDesired();
  }

  /** Resolves when it is on disk; lower ones change nothing. */
  async raise(epoch: Epoch, leader: string): Promise<void> {
    if (epoch <= this.#epoch) return;
    this.#epoch = epoch;
    this.#leader = leader;
    await this.#epochs.save(() => ({ epoch: this.#epoch, leader: this.#leader }));
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await Promise.all([this.#desired.idle(), this.#epochs.idle()]);
  }

  #take(entry: MemoryEntry): boolean {
    const id = idText(entry);
    const known = this.#entries.get(id);
    if (changeOf(entry.value) <= changeOf(known?.entry.value)) return false;
    if (known === undefined && this.#entries.size >= MAX_RECORDS) {
      if (isTombstone(entry.value)) return false; // of what was never remembered
      throw new Error(`${id} is not remembered on this host: there are ${MAX_RECORDS} records already`);
    }
    this.#entries.set(id, { entry, summary: summarizeRecord(entry) });
    return true;
  }

  #forgetOldTombstones(): void {
    const all = [...this.#entries.values()].map(({ entry }) => entry);
    for (const id of surplusTombstones(all)) this.#entries.delete(idText(id));
  }

  #saveDesired(): Promise<void> {
    return this.#desired.save(() => ({
      installation: this.#installation,
      epoch: this.#epoch,
      leader: this.#leader,
      entries: this.entries(),
    }));
  }

  async #read(): Promise<void> {
    const desired = await this.#readFile(this.#desired);
    const entries = readEntries(desired?.entries ?? []);
    if (typeof desired?.installation === 'string') this.#installation = desired.installation;
    for (const entry of entries ?? []) this.#take(entry);
    const epoch = await this.#readFile(this.#epochs);
    // Both have it, so that one damaged file loses less.
    for (const read of [desired, epoch]) {
      if (!isEpoch(read?.epoch) || read.epoch <= this.#epoch) continue;
      this.#epoch = read.epoch;
      this.#leader = typeof read.leader === 'string' ? read.leader : undefined;
    }
  }

  async #readFile(file: CheckedFile): Promise<Partial<Record<string, unknown>> | undefined> {
    const read = await file.read();
    if (read.kind === 'damaged')
      this.#options.damaged(
        `${file.path} was damaged; it is kept as ${read.keptAs}, and what it held is taken from other hosts`,
      );
    return read.kind === 'read' ? read.body : undefined;
  }
}
