import { BusError, type Change, type Entry } from '../../daemon/bus/bus.js';
import type { Network } from './network.js';
import type { Random } from './random.js';
import type { Scheduler } from './scheduler.js';

interface LogRecord {
  readonly at: number;
  readonly bucket: string;
  readonly key: string;
  readonly revision: number;
  /** Undefined: deleted. */
  readonly json: string | undefined;
}

interface Stored {
  readonly json: string;
  readonly revision: number;
}

interface Bucket {
  readonly entries: Map<string, Stored>;
  revision: number;
}

/** One that follows a bucket. What it is told comes in order, or is missed and then told anew as a whole. */
export interface Watcher {
  readonly host: string;
  readonly bucket: string;
  readonly tell: (change: Change) => void;
  /** Not told yet; the first is due first. */
  queue: Change[];
  /** Something was missed: a snapshot is to come. */
  isBroken: boolean;
}

/** The majority of the store: each write is at one moment. It can forget what it acknowledged. */
export class SimStore {
  readonly #scheduler: Scheduler;
  readonly #network: Network;
  readonly #random: Random;
  readonly #buckets = new Map<string, Bucket>();
  readonly #watchers = new Set<Watcher>();
  #log: LogRecord[] = [];
  /** Virtual ms at which acknowledged writes were last lost. */
  lostAt = Number.NEGATIVE_INFINITY;
  /** Hears of each write, after it. */
  onWrite: (bucket: string, key: string) => void = () => undefined;

  constructor(scheduler: Scheduler, network: Network, random: Random) {
    this.#scheduler = scheduler;
    this.#network = network;
    this.#random = random;
    network.onChange(() => this.#linksChanged());
  }

  get writes(): number {
    return this.#log.length;
  }

  /** What a bucket has, by key. */
  values(bucket: string): ReadonlyMap<string, unknown> {
    return new Map([...this.#bucket(bucket).entries].map(([key, { json }]) => [key, JSON.parse(json)]));
  }

  keys(bucket: string): readonly string[] {
    return [...this.#bucket(bucket).entries.keys()].sort();
  }

  get(bucket: string, key: string): Entry | undefined {
    return entryOf(key, this.#bucket(bucket).entries.get(key));
  }

  /** As it was then. */
  getAsOf(bucket: string, key: string, at: number): Entry | undefined {
    const record = this.#log.findLast((each) => each.bucket === bucket && each.key === key && each.at <= at);
    return record?.json === undefined ? undefined : entryOf(key, { ...record, json: record.json });
  }

  /** `json` undefined deletes. `revision`: what it must have; 0 for none; undefined for any. Throws CONFLICT. */
  write(bucket: string, key: string, json: string | undefined, revision: number | undefined): number {
    const of = this.#bucket(bucket);
    const current = of.entries.get(key);
    if (revision !== undefined && revision !== (current?.revision ?? 0))
      throw new BusError('CONFLICT', `${bucket}/${key} is at ${current?.revision ?? 0}, not ${revision}`);
    if (json === undefined && current === undefined) return 0;
    const record = { at: this.#scheduler.now, bucket, key, json, revision: ++of.revision };
    this.#log.push(record);
    this.#apply(record);
    this.#tell(bucket, key, json, record.revision);
    this.onWrite(bucket, key);
    return record.revision;
  }

  /** The newest so many writes were acknowledged and are gone; their revisions will be given again. */
  loseSuffix(writes: number): void {
    this.#rebuild(this.#log.slice(0, Math.max(0, this.#log.length - writes)));
  }

  /** As after it was deleted and made anew. */
  empty(): void {
    this.#rebuild([]);
  }

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    this.#startAnew(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  #rebuild(log: LogRecord[]): void {
    if (log.length < this.#log.length) this.lostAt = this.#scheduler.now;
    this.#log = log;
    this.#buckets.clear();
    for (const record of log) this.#apply(record);
    for (const watcher of this.#watchers) this.#break(watcher, this.#random.between(50, 3000));
  }

  #apply({ bucket, key, json, revision }: LogRecord): void {
    const of = this.#bucket(bucket);
    of.revision = revision;
    if (json === undefined) of.entries.delete(key);
    else of.entries.set(key, { json, revision });
  }

  #bucket(name: string): Bucket {
    const known = this.#buckets.get(name);
    if (known !== undefined) return known;
    const bucket = { entries: new Map(), revision: 0 };
    this.#buckets.set(name, bucket);
    return bucket;
  }

  #tell(bucket: string, key: string, json: string | undefined, revision: number): void {
    for (const watcher of this.#watchers) {
      if (watcher.bucket !== bucket || watcher.isBroken) continue;
      if (!this.#network.canReceive(watcher.host)) {
        watcher.isBroken = true;
        watcher.queue = [];
      } else if (this.#random.chance(this.#network.weather.gaps))
        this.#break(watcher, this.#random.between(200, 4000));
      else
        this.#enqueue(
          watcher,
          json === undefined
            ? { kind: 'deleted', key, revision }
            : { kind: 'put', key, revision, value: JSON.parse(json) },
        );
    }
  }

  #enqueue(watcher: Watcher, change: Change): void {
    watcher.queue.push(change);
    const { slow } = this.#network.weather;
    const delayMs = this.#random.chance(slow) ? this.#random.between(10, 2000) : this.#random.between(0, 3);
    this.#scheduler.after(delayMs, () => {
      if (!this.#watchers.has(watcher) || watcher.isBroken) return;
      // A slow one holds up those after it.
      if (watcher.queue[0] === undefined || !this.#network.canReceive(watcher.host)) return;
      const first = watcher.queue.shift();
      if (first !== undefined) watcher.tell(first);
    });
  }

  #break(watcher: Watcher, afterMs: number): void {
    watcher.isBroken = true;
    watcher.queue = [];
    this.#scheduler.after(afterMs, () => this.#startAnew(watcher));
  }

  #startAnew(watcher: Watcher): void {
    watcher.isBroken = true;
    watcher.queue = [];
    if (!this.#watchers.has(watcher) || !this.#isReachable(watcher.host)) return;
    watcher.isBroken = false;
    const entries = this.keys(watcher.bucket).flatMap((key) => this.get(watcher.bucket, key) ?? []);
    this.#enqueue(watcher, { kind: 'snapshot', entries });
  }

  #isReachable(host: string): boolean {
    return this.#network.canReceive(host) && this.#network.canSend(host);
  }

  #linksChanged(): void {
    for (const watcher of this.#watchers) {
      if (!this.#network.canReceive(watcher.host)) {
        watcher.isBroken = true;
        watcher.queue = [];
      } else if (watcher.isBroken && this.#isReachable(watcher.host))
        this.#break(watcher, this.#random.between(10, 1500));
    }
  }
}

function entryOf(key: string, stored: Stored | undefined): Entry | undefined {
  return stored && { key, value: JSON.parse(stored.json), revision: stored.revision };
}
