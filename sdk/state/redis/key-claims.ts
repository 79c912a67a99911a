import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import type { StoredValue } from '../driver.js';
import { StateError } from '../state-error.js';
import type { Entry, Known } from './entry.js';
import { decodeRecord, EMPTY_MS, encodeClaim, type RecordValue, type StoredRecord } from './record.js';
import { RETRY_MS, type StoreContext } from './store-context.js';
import { about, lostSuffix, notOwned } from './store-errors.js';

/** Keys that are looked at together after Redis may have lost something. */
const EXAMINED_TOGETHER = 64;

/** Claims keys for this process: then, and only then, what is there is loaded, and known until the key has another owner. */
export class KeyClaims {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** What is known of the key, if it holds. */
  valid(entry: Entry): Known | undefined {
    const { known } = entry;
    if (known === undefined || entry.inDoubt !== undefined) return undefined;
    const { fence, generation } = this.#context;
    if (known.epoch !== fence.epochOf(entry.state, entry.key)) return undefined;
    if (known.generation !== generation()) return undefined;
    if (known.value === undefined && known.until <= performance.now()) return undefined;
    return known;
  }

  /** Undefined when it has expired. */
  live(value: StoredValue | undefined): StoredValue | undefined {
    return value === undefined || (value.expiresAt !== 0 && value.expiresAt <= this.#context.now())
      ? undefined
      : value;
  }

  /** Rejects with STALE_OWNER, UNAVAILABLE, CORRUPT, or SUFFIX_LOST. */
  async claimed(entry: Entry, deadline: number): Promise<Known> {
    try {
      if (entry.isLost) throw lostSuffix(entry);
      return this.valid(entry) ?? (await this.#loaded(entry, deadline));
    } finally {
      if (entry.isLost) {
        entry.isLost = false; // whoever asked is told
        this.#context.cache.account(entry);
      }
    }
  }

  #loaded(entry: Entry, deadline: number): Promise<Known> {
    entry.loading ??= this.#load(entry, deadline).finally(() => {
      entry.loading = undefined;
      this.#context.cache.account(entry);
    });
    return entry.loading;
  }

  /**
   * Settles what is in doubt and, when Redis may have lost something, looks for what is known. Resolves with how many keys were
   * looked at, and how many are not as they should be.
   */
  async examine(all: boolean): Promise<{ readonly keys: number; readonly lost: number }> {
    const { cache } = this.#context;
    const entries = [...cache.all()].filter(
      ({ inDoubt, known }) => inDoubt !== undefined || (all && known !== undefined),
    );
    let lost = 0;
    for (let from = 0; from < entries.length; from += EXAMINED_TOGETHER)
      await Promise.all(
        entries.slice(from, from + EXAMINED_TOGETHER).map(async (entry) => {
          // Who uses it finds out.
          if (!entry.isIdle || cache.find(entry.state, entry.key) !== entry) return;
          // Of what cannot be read now, whoever uses it finds out.
          await this.#loaded(entry, performance.now() + this.#context.timeoutMs).catch(() => undefined);
          if (entry.isLost) lost++;
        }),
      );
    return { keys: entries.length, lost };
  }

  async #load(entry: Entry, deadline: number): Promise<Known> {
    const { link, names, fence, component, attempts, generation: now } = this.#context;
    for (;;) {
      const epoch = fence.epochOf(entry.state, entry.key);
      if (epoch === undefined) throw notOwned(component, entry);
      const generation = now();
      const attempt = attempts.next();
      const sentAt = performance.now();
      const isDoubtful = entry.inDoubt !== undefined;
      const record = names.record(entry.state, entry.bucket, entry.key);
      const args = [record, encodeClaim(epoch, attempt), isDoubtful ? '1' : '0'];
      const outcome = await link.call('claim', args, deadline);
      if (outcome.kind === 'answered') {
        if (typeof outcome.reply === 'number') {
          entry.known = undefined;
          throw notOwned(component, entry);
        }
        const found = readRecord(entry, outcome.reply);
        this.#refuseLost(entry, epoch, found);
        const value = found?.value && (await this.stored(entry.state, found.value, deadline));
        // As the script does it.
        const isKept =
          value !== undefined && !isDoubtful && found?.epoch === epoch && attempts.isOwn(found.attempt);
        const known = {
          epoch,
          generation,
          attempt: isKept ? found.attempt : attempt,
          value,
          until: sentAt + EMPTY_MS / 2,
        };
        entry.found = found?.attempt;
        entry.inDoubt = undefined;
        entry.known = known;
        return known;
      }
      if (outcome.kind === 'unknown') entry.addDoubt(attempt);
      if (outcome.kind !== 'unknown' || performance.now() + RETRY_MS >= deadline)
        throw new StateError(
          'UNAVAILABLE',
          `${about(entry)} of ${component} cannot be read: ${outcome.reason}`,
        );
      await setTimeout(RETRY_MS);
    }
  }

  /** With its schema as text. Rejects with UNAVAILABLE or CORRUPT. */
  async stored(
    state: string,
    { schemaId, expiresAt, bytes }: RecordValue,
    deadline: number,
  ): Promise<StoredValue> {
    const { schemas } = this.#context;
    if (schemas.text(schemaId) === undefined) await schemas.load(state, deadline);
    const schema = schemas.text(schemaId);
    if (schema === undefined)
      throw new StateError(
        'CORRUPT',
        `Redis has lost the schema ${schemaId} of a value of the state ${state}`,
      );
    return { bytes, schema, expiresAt };
  }

  /** What this process knows to be stored must be there. */
  #refuseLost(entry: Entry, epoch: number, found: StoredRecord | undefined): void {
    const { known } = entry;
    if (known === undefined || known.epoch !== epoch) return;
    if (found !== undefined && (found.attempt === known.attempt || entry.inDoubt?.has(found.attempt))) return;
    const hasEnded =
      known.value === undefined ? known.until <= performance.now() : this.live(known.value) === undefined;
    entry.known = undefined;
    if (hasEnded) return;
    entry.inDoubt = undefined;
    entry.isLost = true;
    throw lostSuffix(entry);
  }
}

function readRecord(entry: Entry, reply: unknown): StoredRecord | undefined {
  if (reply === null) return undefined;
  const found = Buffer.isBuffer(reply) ? decodeRecord(reply) : undefined;
  if (found === undefined)
    throw new StateError('CORRUPT', `what Redis has of ${about(entry)} is not what weaverd wrote`);
  return found;
}
