import { expect } from 'chai';
import fc from 'fast-check';
import { type Deferred, deferred } from '../call/deferred.js';
import { ComponentOwnership } from './component-ownership.js';
import { RenewedLease } from './lease.js';
import type { OwnedCall } from './owned-call.js';
import { OWNERSHIP_TIMES } from './ownership-ports.js';
import type { SliceRange } from './slice-ranges.js';
import { ManualClock, type Owner, routingOf, SELF, turn } from './spec-support.js';

const SLICES = 5;
const WIDTH = 10;

type Command =
  /** The slices change hands: at most so many, to whom. */
  | { readonly kind: 'route'; readonly to: readonly (Owner | 'same' | 'merged')[] }
  | { readonly kind: 'call'; readonly hash: number; readonly traceId: string | undefined }
  | { readonly kind: 'leave'; readonly which: number }
  | { readonly kind: 'hook'; readonly which: number; readonly fails: boolean }
  | { readonly kind: 'time'; readonly ms: number; readonly isNoticed: boolean }
  | { readonly kind: 'renew'; readonly ms: number };

const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('route' as const),
        to: fc.array(fc.constantFrom('self', 'self', 'other', 'nobody', 'same', 'same', 'same', 'merged'), {
          minLength: SLICES,
          maxLength: SLICES,
        }),
      }),
    },
    {
      weight: 10,
      arbitrary: fc.record({
        kind: fc.constant('call' as const),
        hash: fc.nat(SLICES * WIDTH - 1),
        traceId: fc.constantFrom(undefined, 'a', 'b'),
      }),
    },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('leave' as const), which: fc.nat(20) }) },
    {
      weight: 10,
      arbitrary: fc.record({
        kind: fc.constant('hook' as const),
        which: fc.nat(5),
        fails: fc.integer({ min: 0, max: 5 }).map((each) => each === 0),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('time' as const),
        ms: fc.constantFrom(10, 200, 200, 1100, 5100, 12_000),
        isNoticed: fc.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('renew' as const), ms: fc.constantFrom(300, 10_000) }),
    },
  ),
  { maxLength: 80, size: 'max' },
);

interface InFlight {
  readonly hash: number;
  readonly traceId: string | undefined;
  readonly call: OwnedCall;
  readonly term: number;
  /** When it was told to end. */
  endedAt: number | undefined;
}

/** What a replica does, and beside it what it may. */
class Model {
  readonly clock = new ManualClock();
  readonly lease = new RenewedLease(this.clock);
  readonly hooks: { readonly kind: 'acquire' | 'release'; readonly run: Deferred<void> }[] = [];
  readonly ownership = new ComponentOwnership('C', SELF, {
    clock: this.clock,
    lease: this.lease,
    acquire: (slice) => this.#acquired(slice),
    release: (slice) => this.#released(slice),
    settled: (epoch) => this.#onSettled(epoch),
    problem: () => undefined,
  });
  inFlight: InFlight[] = [];
  #slices: { owner: Owner; epoch: number }[] = Array.from({ length: SLICES }, () => ({
    owner: 'nobody',
    epoch: 1,
  }));
  /** Owners by routing epoch, the index. */
  readonly #granted: boolean[][] = [];
  /** Hashes that the component was told that it owns. */
  readonly #told = new Set<number>();
  /** Those that it was told of before the lease ran out: others may have had them, as the next routing will say. */
  #suspect = new Set<number>();
  #stale = new Set<number>();
  readonly settled: number[] = [];
  begun = 0;
  leasedUntil = Number.NEGATIVE_INFINITY;

  get epoch(): number {
    return this.#granted.length - 1;
  }

  async run(command: Command): Promise<void> {
    switch (command.kind) {
      case 'route':
        return this.#route(command.to);
      case 'call':
        return this.#call(command.hash, command.traceId);
      case 'leave': {
        const [leaving] = this.inFlight.splice(command.which % Math.max(1, this.inFlight.length), 1);
        if (leaving !== undefined) this.#leave(leaving);
        return;
      }
      case 'hook': {
        const [hook] = this.hooks.splice(command.which % Math.max(1, this.hooks.length), 1);
        if (command.fails) hook?.run.reject(new Error('no'));
        else hook?.run.resolve();
        return turn();
      }
      case 'time':
        if (command.isNoticed) this.clock.advance(command.ms);
        else this.clock.pause(command.ms);
        return turn();
      case 'renew':
        this.#mayHaveLost();
        this.leasedUntil = Math.max(this.leasedUntil, this.clock.now() + command.ms);
        this.lease.renew(this.clock.now() + command.ms);
    }
  }

  /** What was owned when the lease ran out may have been another's since: the manager says so by its epoch. */
  #mayHaveLost(): void {
    if (this.clock.now() < this.leasedUntil) return;
    this.#slices = this.#slices.map(({ owner, epoch }) => ({ owner, epoch: epoch + 1 }));
    this.#suspect = new Set(this.#told);
  }

  #route(to: readonly (Owner | 'same' | 'merged')[]): void {
    this.#mayHaveLost();
    this.#slices = this.#slices.map(({ owner, epoch }, index) => {
      const wanted = to[index] ?? 'same';
      if (wanted === 'same' || wanted === owner) return { owner, epoch };
      if (wanted === 'merged') return { owner, epoch: owner === 'self' ? epoch + 1 : epoch };
      return { owner: wanted, epoch: epoch + 1 };
    });
    this.#stale = new Set([...this.#stale, ...this.#suspect]);
    this.#suspect.clear();
    this.#granted.push(this.#slices.map(({ owner }) => owner === 'self'));
    this.ownership.apply(routingOf(this.epoch, this.#slices, WIDTH));
  }

  #isGranted(hash: number, epoch = this.epoch): boolean {
    return this.#granted[epoch]?.[Math.floor(hash / WIDTH)] === true;
  }

  #call(hash: number, traceId: string | undefined): void {
    const trace = traceId === undefined ? undefined : { traceId };
    const admission = this.ownership.admits(hash, trace);
    if (admission !== 'owned') return;
    expect(this.clock.now(), 'begins past its lease').to.be.lessThan(this.leasedUntil);
    const dependsOn = this.inFlight.some((each) => each.traceId === traceId && traceId !== undefined);
    expect(this.#isGranted(hash) || dependsOn, `begins for ${hash}, which it does not own`).to.equal(true);
    expect(this.#told.has(hash), 'begins before onAcquire').to.equal(true);
    expect(this.#stale.has(hash) && !dependsOn, 'begins with what another may have changed').to.equal(false);
    const entry: InFlight = {
      hash,
      traceId,
      endedAt: undefined,
      term: this.lease.term,
      call: this.ownership.begin({
        hash,
        trace,
        streaming: false,
        end: () => {
          entry.endedAt = this.clock.now();
        },
      }),
    };
    this.inFlight.push(entry);
    this.begun++;
  }

  #leave({ call, term, endedAt }: InFlight): void {
    const isLapsed = this.clock.now() >= this.leasedUntil || this.lease.term !== term;
    expect(call.leave(), 'whether its answer counts').to.equal(endedAt === undefined && !isLapsed);
  }

  /** No call is in flight for the range, but for those whose callers were answered long ago. */
  #expectNobodyIn({ start, end }: SliceRange): void {
    for (const { hash, endedAt } of this.inFlight) {
      const isAbandoned = endedAt !== undefined && this.clock.now() >= endedAt;
      if (start <= hash && hash < end) expect(isAbandoned, `a call for ${hash} is in flight`).to.equal(true);
    }
  }

  #hook(kind: 'acquire' | 'release', effect: () => void): Promise<void> {
    const run = deferred<void>();
    this.hooks.push({ kind, run });
    return run.promise.then(effect);
  }

  #hashes({ start, end }: SliceRange): number[] {
    const last = Math.min(end, SLICES * WIDTH);
    return Array.from({ length: Math.max(0, last - start) }, (_, index) => start + index);
  }

  #acquired(slice: SliceRange): Promise<void> {
    this.#expectNobodyIn(slice);
    for (const hash of this.#hashes(slice))
      expect(this.#told.has(hash), `${hash} is acquired twice`).to.equal(false);
    return this.#hook('acquire', () => {
      for (const hash of this.#hashes(slice)) this.#told.add(hash);
    });
  }

  #released(slice: SliceRange): Promise<void> {
    this.#expectNobodyIn(slice);
    for (const hash of this.#hashes(slice)) {
      expect(this.#told.has(hash), `${hash} is released, but was not acquired`).to.equal(true);
      this.#told.delete(hash);
      this.#stale.delete(hash);
      this.#suspect.delete(hash);
    }
    return this.#hook('release', () => undefined);
  }

  #onSettled(epoch: number): void {
    expect(epoch).to.be.greaterThan(this.settled.at(-1) ?? -1);
    this.settled.push(epoch);
    for (const hash of this.#told) {
      const isGrantedSince = this.#granted.slice(epoch).some((slices) => slices[Math.floor(hash / WIDTH)]);
      expect(isGrantedSince, `${epoch} is settled while ${hash} is held`).to.equal(true);
    }
  }

  /** Whatever hangs: it ends within the bounds. */
  async end(): Promise<void> {
    const { streamDrain, callDrain, abortedDrain, release, acquire } = OWNERSHIP_TIMES;
    const bound = streamDrain + callDrain + abortedDrain + release + acquire;
    for (let routing = 0; routing <= this.#granted.length; routing++) {
      this.clock.advance(bound);
      await turn();
    }
    expect(this.settled.at(-1) ?? -1).to.equal(this.epoch);
  }
}

describe('ONE-OWNER, as one replica keeps it', () => {
  it('acts within its grant and its lease alone, and says so when it does not', async () => {
    let begun = 0;
    await fc.assert(
      fc.asyncProperty(commands, async (all) => {
        const model = new Model();
        await model.run({ kind: 'renew', ms: 10_000 });
        for (const command of all) await model.run(command);
        await model.end();
        begun += model.begun;
      }),
      { numRuns: 300 },
    );
    expect(begun).to.be.greaterThan(300);
  });
});
