import { performance } from 'node:perf_hooks';
import type { Mutation, StoredValue } from '../driver.js';
import { StateError } from '../state-error.js';
import { type Entry, type Known, WriteGroup } from './entry.js';
import type { KeyClaims } from './key-claims.js';
import { encodeMember } from './key-names.js';
import type { Outcome } from './link.js';
import { EMPTY_MS, encodeClaim, encodeRecord } from './record.js';
import { RETRY_MS, type StoreContext } from './store-context.js';
import { failedWrite, lostSuffix, notOwned, notTried, unknownWrite } from './store-errors.js';

/** That may be under way: keys, and bytes. */
const MAX_KEYS = 100_000;
const MAX_BYTES = 64 * 1024 * 1024;
/** Each is for another reason; more than a few mean that something else is wrong. */
const MAX_RETRIES = 20;

/** Writes keys: of each, one write is under way at most, and what is asked for meanwhile becomes one. */
export class KeyWrites {
  readonly #context: StoreContext;
  readonly #claims: KeyClaims;
  readonly #writing = new Set<Entry>();
  #bytes = 0;

  constructor(context: StoreContext, claims: KeyClaims) {
    this.#context = context;
    this.#claims = claims;
  }

  /** Resolves or rejects as StateStore.write does. Throws STALE_OWNER and OVERLOADED. */
  accept(mutation: Mutation): Promise<void> {
    const { cache, fence, component, timeoutMs } = this.#context;
    if (fence.epochOf(mutation.state, mutation.key) === undefined) throw notOwned(component, mutation);
    const value = mutation.kind === 'set' ? mutation.value : undefined;
    const bytes = value?.bytes.length ?? 0;
    if (this.#bytes > 0 && this.#bytes + bytes > MAX_BYTES) throw overloaded(`${MAX_BYTES} bytes`);
    if (this.#writing.size >= MAX_KEYS) throw overloaded(`${MAX_KEYS} keys`);
    const entry = cache.entry(mutation.state, mutation.key);
    entry.next ??= new WriteGroup(performance.now() + timeoutMs);
    this.#bytes += bytes - entry.next.bytes;
    entry.next.value = value;
    entry.next.bytes = bytes;
    const { done } = entry.next;
    if (entry.inFlight === undefined && !this.#writing.has(entry)) {
      this.#writing.add(entry);
      // Until then, writes of the key join this one.
      this.#context.link.atEndOfTurn(() => this.#begin(entry));
    }
    return done;
  }

  /** Resolves when all that was asked for so far is stored or has failed. */
  async settled(): Promise<void> {
    // Their writers hear of failures.
    await Promise.all(
      [...this.#writing].map(({ next, inFlight }) => (next ?? inFlight)?.done.catch(() => undefined)),
    );
  }

  #begin(entry: Entry): void {
    const group = entry.next;
    if (group === undefined || entry.inFlight !== undefined) return;
    entry.inFlight = group;
    entry.next = undefined;
    this.#attempt(entry, group);
  }

  #attempt(entry: Entry, group: WriteGroup): void {
    const known = this.#claims.valid(entry);
    const schema = group.value?.schema;
    if (
      known !== undefined &&
      !entry.isLost &&
      (schema === undefined || this.#context.schemas.isStored(entry.state, schema))
    )
      this.#send(entry, group, known);
    else this.#prepare(entry, group).catch((reason: unknown) => this.#refused(entry, group, reason));
  }

  async #prepare(entry: Entry, group: WriteGroup): Promise<void> {
    const { schemas } = this.#context;
    const known = await this.#claims.claimed(entry, group.deadline);
    if (group.inDoubt !== undefined && entry.found === group.inDoubt) {
      this.#succeed(entry, group, known);
      return;
    }
    // Claiming has made it void, if it was not stored.
    group.inDoubt = undefined;
    const schema = group.value?.schema;
    if (schema !== undefined && !schemas.isStored(entry.state, schema)) {
      const outcome = await schemas.store(entry.state, schema, group.deadline);
      if (outcome.kind !== 'answered') throw failedWrite(entry, outcome.reason);
    }
    this.#send(entry, group, known);
  }

  #send(entry: Entry, group: WriteGroup, known: Known): void {
    const { link, names, attempts, schemas } = this.#context;
    const { state, key, bucket } = entry;
    const { value } = group;
    const attempt = attempts.next();
    const keys = [names.record(state, bucket, key), names.index(state, bucket)];
    const done = (outcome: Outcome) =>
      this.#ended(entry, group, { ...known, attempt, value }, known, outcome);
    const { deadline, bytes } = group;
    if (value === undefined) {
      const args = [...keys, encodeClaim(known.epoch, attempt), known.attempt, encodeMember(key)];
      link.send({ name: 'remove', args, bytes, deadline, done });
      return;
    }
    const record = encodeRecord(known.epoch, attempt, schemas.id(value.schema), value);
    const member = known.value === undefined ? encodeMember(key) : '';
    const args = [...keys, record, known.attempt, this.#lifetime(value), member];
    link.send({ name: 'write', args, bytes, deadline, done });
  }

  /** By Redis' own clock, from when it gets it; as long as an empty record beyond the value's end, so that the epoch stays. */
  #lifetime({ expiresAt }: StoredValue): string {
    return expiresAt === 0 ? '' : String(Math.max(1, expiresAt - this.#context.now()) + EMPTY_MS);
  }

  #ended(entry: Entry, group: WriteGroup, written: Known, before: Known, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'answered':
        if (outcome.reply === 0) {
          this.#succeed(entry, group, { ...written, until: performance.now() + EMPTY_MS / 2 });
        } else if (typeof outcome.reply === 'number') {
          entry.known = undefined;
          this.#fail(entry, group, notOwned(this.#context.component, entry));
        } else if (outcome.reply === null && this.#claims.live(before.value) === undefined) {
          entry.known = undefined; // it has ended, as it should
          this.#again(entry, group, 'its claim ends again and again');
        } else {
          entry.known = undefined;
          this.#fail(entry, group, lostSuffix(entry));
        }
        return;
      case 'refused':
      case 'unsent':
        this.#fail(entry, group, failedWrite(entry, outcome.reason));
        return;
      case 'unknown':
        group.inDoubt = written.attempt;
        entry.addDoubt(written.attempt);
        if (performance.now() + RETRY_MS < group.deadline)
          setTimeout(() => this.#again(entry, group, outcome.reason), RETRY_MS);
        else this.#fail(entry, group, unknownWrite(entry, outcome.reason));
    }
  }

  #again(entry: Entry, group: WriteGroup, reason: string): void {
    if (++group.retries <= MAX_RETRIES) this.#attempt(entry, group);
    else this.#refused(entry, group, failedWrite(entry, reason));
  }

  /** Nothing was tried this time; but what was tried before may be stored. */
  #refused(entry: Entry, group: WriteGroup, reason: unknown): void {
    const why = reason instanceof Error ? reason.message : String(reason);
    if (group.inDoubt !== undefined) this.#fail(entry, group, unknownWrite(entry, why));
    else if (reason instanceof StateError && reason.code === 'UNAVAILABLE')
      this.#fail(entry, group, failedWrite(entry, why));
    else this.#fail(entry, group, reason);
  }

  #succeed(entry: Entry, group: WriteGroup, known: Known): void {
    entry.known = known;
    this.#end(entry, group);
    group.succeed();
  }

  #fail(entry: Entry, group: WriteGroup, reason: unknown): void {
    const behind = entry.next;
    entry.next = undefined;
    if (behind !== undefined) this.#bytes -= behind.bytes;
    this.#end(entry, group);
    group.fail(reason);
    behind?.fail(notTried(entry, reason));
  }

  #end(entry: Entry, group: WriteGroup): void {
    entry.inFlight = undefined;
    this.#bytes -= group.bytes;
    if (entry.next === undefined) this.#writing.delete(entry);
    else this.#begin(entry);
    this.#context.cache.account(entry);
  }
}

function overloaded(what: string): StateError {
  return new StateError(
    'OVERLOADED',
    `${what} of state wait to be written: Redis is slower than the writers`,
  );
}
