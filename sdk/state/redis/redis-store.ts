import { performance } from 'node:perf_hooks';
import type { Mutation, StateStore, StoredEntry, StoredValue } from '../driver.js';
import { StateError } from '../state-error.js';
import { KeyClaims } from './key-claims.js';
import { KeyWrites } from './key-writes.js';
import { listRecords } from './listing.js';
import type { StoreContext } from './store-context.js';

/** Values in Redis, of which those that this process owns and has used are in memory too. */
export class RedisStore implements StateStore {
  readonly #context: StoreContext;
  readonly #claims: KeyClaims;
  readonly #writes: KeyWrites;
  readonly #onProblem: (message: string) => void;
  readonly #release: () => void;
  #closing: Promise<void> | undefined;

  /** @param release is called once, at the end */
  constructor(context: StoreContext, onProblem: (message: string) => void, release: () => void) {
    this.#context = context;
    this.#claims = new KeyClaims(context);
    this.#writes = new KeyWrites(context, this.#claims);
    this.#onProblem = onProblem;
    this.#release = release;
    context.fence.onChange(() => this.#dropOthers());
  }

  get(state: string, key: string): StoredValue | undefined | Promise<StoredValue | undefined> {
    const entry = this.#context.cache.find(state, key);
    if (entry?.isIdle && this.#closing === undefined) {
      const known = this.#claims.valid(entry);
      if (known !== undefined) {
        entry.wasUsed = true;
        return this.#claims.live(known.value);
      }
    }
    return this.#read(state, key);
  }

  latest(state: string, key: string): StoredValue | undefined | Promise<StoredValue | undefined> {
    const entry = this.#context.cache.find(state, key);
    const group = entry?.next ?? entry?.inFlight;
    return group === undefined ? this.get(state, key) : this.#claims.live(group.value);
  }

  write(mutation: Mutation): Promise<void> {
    try {
      this.#refuseClosed();
      return this.#writes.accept(mutation);
    } catch (reason) {
      return Promise.reject(reason);
    }
  }

  async list(
    state: string,
    prefix: string,
    after: string | undefined,
    limit: number,
  ): Promise<readonly StoredEntry[]> {
    this.#refuseClosed();
    await this.#writes.settled();
    const { fence, timeoutMs } = this.#context;
    const deadline = performance.now() + timeoutMs;
    const isWanted = (key: string) => fence.epochOf(state, key) !== undefined;
    const records = await listRecords(this.#context, { state, prefix, after, limit, isWanted, deadline });
    return Promise.all(
      records.map(async ({ key, value }) => ({
        key,
        value: await this.#claims.stored(state, value, deadline),
      })),
    );
  }

  schemas(state: string): Promise<readonly string[]> {
    return this.#context.schemas.load(state, performance.now() + this.#context.timeoutMs);
  }

  close(): Promise<void> {
    this.#closing ??= this.#writes.settled().then(() => this.#release());
    return this.#closing;
  }

  /** Redis can be reached, again most likely. With `isOther` it may have lost something since. */
  async reopened(isOther: boolean): Promise<void> {
    if (isOther) this.#context.schemas.forget();
    const { keys, lost } = await this.#claims.examine(isOther);
    if (lost === 0 || !isOther) return;
    this.#onProblem(
      `REDIS HAS LOST WRITES that it had acknowledged: it was restarted or another server took over, and of the ${keys} keys of ${this.#context.component} that this process has in memory, ${lost} are older there or gone. The next access of each fails with SUFFIX_LOST; what is there is used from then on. Others may be lost that are not in memory`,
    );
  }

  async #read(state: string, key: string): Promise<StoredValue | undefined> {
    this.#refuseClosed();
    const { cache } = this.#context;
    const writing = cache.find(state, key);
    // Its writer hears of a failure; a reader sees what is there then.
    await (writing?.next ?? writing?.inFlight)?.done.catch(() => undefined);
    const known = await this.#claims.claimed(
      cache.entry(state, key),
      performance.now() + this.#context.timeoutMs,
    );
    return this.#claims.live(known.value);
  }

  #dropOthers(): void {
    const { cache, fence } = this.#context;
    for (const entry of cache.all()) {
      if (!entry.isIdle || entry.known?.epoch === fence.epochOf(entry.state, entry.key)) continue;
      entry.known = undefined;
      entry.isLost = false;
      cache.account(entry);
    }
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined)
      throw new StateError('CLOSED', 'the state is closed: the component is shutting down');
  }
}
