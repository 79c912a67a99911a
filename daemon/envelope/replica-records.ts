import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessIdentity } from '../../sdk/protocol/process-identity.js';
import { writeDurably } from './durable-file.js';
import type { ReplicaSpec } from './replica-host.js';
import { parseRecord, type ReplicaKey, type ReplicaRecord, replicaId } from './replica-record.js';

export interface BegunReplica {
  readonly spec: ReplicaSpec;
  readonly generation: number;
  readonly restarts: number;
  /** Unix ms. */
  readonly startedAt: number;
  readonly specFile: string;
  /** One that runs already; undefined for one that is to be started. */
  readonly process: ProcessIdentity | undefined;
}

/** Records of ended replicas that are kept for their generation; of older ones only the highest generation is. */
const MAX_ENDED = 256;
const FLOOR_FILE = 'generation-floor';

/** The token of a version, the same on every host of a cluster: its proclets call each other over hosts. */
export type DeriveToken = (app: string, version: string) => string;

/**
 * The durable memory of the replica host: a record per replica, a token per version. Every change is on disk when its
 * promise resolves. Changes of one replica are made in the order they were asked for.
 */
export class ReplicaRecords {
  readonly #folder: string;
  readonly #tokenFolder: string;
  readonly #records = new Map<string, ReplicaRecord>();
  readonly #tokens = new Map<string, string>();
  readonly #writes = new Map<string, Promise<unknown>>();
  #floor = 0;

  private constructor(
    folder: string,
    private readonly deriveToken: DeriveToken | undefined,
  ) {
    this.#folder = join(folder, 'replicas');
    this.#tokenFolder = join(folder, 'tokens');
  }

  /** `unreadable` hears of each file that is no record, by path; without `deriveToken` tokens are random. */
  static async open(
    folder: string,
    unreadable: (path: string) => void,
    deriveToken?: DeriveToken,
  ): Promise<ReplicaRecords> {
    const records = new ReplicaRecords(folder, deriveToken);
    await mkdir(records.#folder, { recursive: true, mode: 0o700 });
    await mkdir(records.#tokenFolder, { recursive: true, mode: 0o700 });
    await records.#read(unreadable);
    await records.#prune();
    return records;
  }

  all(): readonly ReplicaRecord[] {
    return [...this.#records.values()];
  }

  /** The version's secret; made on first use. */
  async token(app: string, version: string): Promise<string> {
    const id = tokenId(app, version);
    return this.#inOrder(`token ${id}`, async () => {
      const known = this.#tokens.get(id);
      if (known !== undefined) return known;
      const token = this.deriveToken?.(app, version) ?? randomBytes(32).toString('base64url');
      await writeDurably(join(this.#tokenFolder, id), token);
      this.#tokens.set(id, token);
      return token;
    });
  }

  /** Undefined when none was made. */
  knownToken(app: string, version: string): string | undefined {
    return this.#tokens.get(tokenId(app, version));
  }

  /** Not taken before `begin`. */
  nextGeneration(key: ReplicaKey): number {
    return (this.#records.get(replicaId(key))?.generation ?? this.#floor) + 1;
  }

  /** Takes a generation for a process; rejects when it, or a later one, was taken before. */
  begin({ spec, generation, restarts, startedAt, specFile, process }: BegunReplica): Promise<void> {
    const id = replicaId(spec);
    return this.#inOrder(id, async () => {
      const next = this.nextGeneration(spec);
      if (generation < next)
        throw new Error(`generation ${generation} of ${spec.replica} was taken before; the next is ${next}`);
      const { app, version, replica } = spec;
      const status = 'begun';
      await this.#write(id, {
        format: 1,
        ...{ app, version, replica, generation, restarts, status, spec, specFile, process, startedAt },
      });
    });
  }

  running(key: ReplicaKey, process: ProcessIdentity): Promise<void> {
    return this.#change(key, (record) => {
      const known = record.process?.pid === process.pid && record.process.startTime === process.startTime;
      return known ? record : { ...record, process };
    });
  }

  completed(key: ReplicaKey): Promise<void> {
    return this.#change(key, (record) => ({ ...record, status: 'completed' }));
  }

  /** Only the generation is kept. */
  ended(key: ReplicaKey): Promise<void> {
    return this.#change(key, (record) => ({
      ...record,
      restarts: 0,
      status: 'ended',
      spec: undefined,
      specFile: undefined,
      process: undefined,
    }));
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#writes.values());
  }

  async #change(key: ReplicaKey, change: (record: ReplicaRecord) => ReplicaRecord): Promise<void> {
    const id = replicaId(key);
    await this.#inOrder(id, async () => {
      const record = this.#records.get(id);
      const changed = record && change(record);
      if (changed !== undefined && changed !== record) await this.#write(id, changed);
    });
  }

  async #write(id: string, record: ReplicaRecord): Promise<void> {
    await writeDurably(join(this.#folder, `${id}.json`), JSON.stringify(record));
    this.#records.set(id, record);
  }

  #inOrder<T>(id: string, write: () => Promise<T>): Promise<T> {
    const before = this.#writes.get(id) ?? Promise.resolve();
    const done = before.then(write, write);
    this.#writes.set(id, done);
    const forget = () => {
      if (this.#writes.get(id) === done) this.#writes.delete(id);
    };
    done.then(forget, forget);
    return done;
  }

  async #read(unreadable: (path: string) => void): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      if (name === FLOOR_FILE) {
        const floor = Number(await readFile(path, 'utf8'));
        if (Number.isSafeInteger(floor) && floor > 0) this.#floor = floor;
      } else if (name.endsWith('.json')) {
        const record = parseRecord(await readFile(path, 'utf8'));
        if (record !== undefined && `${replicaId(record)}.json` === name)
          this.#records.set(replicaId(record), record);
        else unreadable(path);
      } else if (name.endsWith('.new')) {
        await rm(path, { force: true }); // a write that a crash cut off
      }
    }
    for (const name of await readdir(this.#tokenFolder)) {
      if (!name.endsWith('.new'))
        this.#tokens.set(name, await readFile(join(this.#tokenFolder, name), 'utf8'));
    }
  }

  async #prune(): Promise<void> {
    const ended = this.all().filter((record) => record.status === 'ended');
    const surplus = ended.sort((a, b) => b.startedAt - a.startedAt).slice(MAX_ENDED);
    if (surplus.length > 0) {
      const floor = Math.max(this.#floor, ...surplus.map((record) => record.generation));
      await writeDurably(join(this.#folder, FLOOR_FILE), String(floor));
      this.#floor = floor;
      for (const record of surplus) {
        await rm(join(this.#folder, `${replicaId(record)}.json`), { force: true });
        this.#records.delete(replicaId(record));
      }
    }
    const used = new Set(this.all().map((record) => tokenId(record.app, record.version)));
    for (const id of [...this.#tokens.keys()]) {
      if (used.has(id)) continue;
      await rm(join(this.#tokenFolder, id), { force: true });
      this.#tokens.delete(id);
    }
  }
}

function tokenId(app: string, version: string): string {
  return replicaId({ app, version, replica: '' });
}
