import { type Deferred, deferred } from '../call/deferred.js';
import { RemoteCallError, type RemoteCallErrorCode } from '../errors/remote-call-error.js';
import type { ComponentRouting } from '../protocol/control.js';
import { hashKey } from '../protocol/key-hash.js';
import type { KeyFence, KeyHold } from '../state/key-fence.js';
import { HandOver } from './hand-over.js';
import { type KeyedCall, OwnedCall, type Trace } from './owned-call.js';
import { OWNERSHIP_TIMES, type OwnershipPorts } from './ownership-ports.js';
import { SliceHooks } from './slice-hooks.js';
import { changesBetween, grantedTo, type Part, type Self, type SliceRange } from './slice-ranges.js';
import { Acquisition, coalesced, type Tenure, tenureOf } from './tenure.js';

/** Calls of one component that may wait for `onAcquire`, and that may run; beyond it RESOURCE_EXHAUSTED. */
export const MAX_WAITING_FOR_KEYS = 10_000;
const MAX_IN_FLIGHT = 100_000;

export type Admission =
  | 'owned'
  /** It is being acquired. */
  | 'wait'
  /** See {@link ComponentOwnership.refusal}. */
  | 'refused';

/**
 * For which keys of one component this replica may act. The newest routing is the grant; a call begins only for a key that
 * it grants, within the lease. What a routing takes away is sealed at once, let go when its calls have ended, and then
 * the routing is settled: routings one after the other, each as a whole.
 */
export class ComponentOwnership implements KeyFence {
  readonly #self: Self;
  readonly #ports: OwnershipPorts;
  readonly #hooks: SliceHooks;
  readonly #calls = new Set<OwnedCall>();
  /** The oldest first; they have no hash in common. */
  readonly #handOvers: HandOver[] = [];
  /** Of which hooks run, perhaps longer than they are waited for: nothing of it is acquired again before they have ended. */
  readonly #unresolved = new Set<HandOver>();
  readonly #listeners: (() => void)[] = [];
  /** Sorted. */
  #tenures: readonly Tenure[] = [];
  #epoch = -1;
  #settled = -1;
  #waiting = 0;
  #changed: Deferred<void> = deferred();
  #closed = false;

  constructor(
    readonly component: string,
    self: Self,
    ports: OwnershipPorts,
  ) {
    this.#self = self;
    this.#ports = ports;
    this.#hooks = new SliceHooks(ports);
    ports.lease.onChange((holds) => (holds ? this.#advance() : this.#onLapse()));
  }

  /** Of the newest routing that is fulfilled; −1 before the first. */
  get settledEpoch(): number {
    return this.#settled;
  }

  /** Takes the component's routing unless it is older than what is known. */
  apply(routing: ComponentRouting): void {
    if (routing.epoch <= this.#epoch) return;
    // First: should the lease be found to have run out, what follows from that comes before this routing.
    const { term } = this.#ports.lease;
    this.#epoch = routing.epoch;
    this.#take(this.#closed ? [] : grantedTo(this.#self, routing), term);
  }

  /** Whether a call for a key with that hash may begin now. */
  admits(hash: number, trace: Trace | undefined): Admission {
    if (!this.#ports.lease.holds || this.#calls.size >= MAX_IN_FLIGHT) return 'refused';
    const kind = tenureOf(this.#tenures, hash)?.acquisition.state.kind;
    if (kind === 'done' || this.#isNeeded(hash, trace)) return 'owned';
    return kind === 'running' || (kind === 'waiting' && !this.#isStuck(hash)) ? 'wait' : 'refused';
  }

  /** The call begins; it was admitted in this turn of the event loop. */
  begin(keyed: KeyedCall): OwnedCall {
    const call = new OwnedCall(keyed, this.#ports.lease, this.#onLeft);
    this.#calls.add(call);
    const handOver = this.#handOvers.find((each) => each.tenureOf(keyed.hash) !== undefined);
    if (handOver !== undefined) this.#join(call, handOver);
    return call;
  }

  /** What {@link admits} says when the key has been acquired, or will not be. Rejects with RESOURCE_EXHAUSTED. */
  async onceAcquired(hash: number, trace: Trace | undefined): Promise<'owned' | 'refused'> {
    if (this.#waiting >= MAX_WAITING_FOR_KEYS)
      throw new RemoteCallError(
        'RESOURCE_EXHAUSTED',
        `${MAX_WAITING_FOR_KEYS} calls wait already for keys that are being taken over`,
        { executed: 'no' },
      );
    this.#waiting++;
    try {
      for (;;) {
        const admission = this.admits(hash, trace);
        if (admission !== 'wait') return admission;
        await this.#changed.promise;
      }
    } finally {
      this.#waiting--;
    }
  }

  /** Why a call for the hash was refused. */
  refusal(hash: number): { readonly code: RemoteCallErrorCode; readonly message: string } {
    if (!this.#ports.lease.holds)
      return { code: 'STALE_OWNER', message: 'this replica has lost touch with the leader of the cluster' };
    if (this.#calls.size >= MAX_IN_FLIGHT)
      return { code: 'RESOURCE_EXHAUSTED', message: `${MAX_IN_FLIGHT} calls run already` };
    const state = tenureOf(this.#tenures, hash)?.acquisition.state;
    if (state?.kind === 'failed')
      return { code: 'UNAVAILABLE', message: `its owner cannot take the key over: ${state.message}` };
    if (state?.kind === 'late' || this.#isStuck(hash))
      return { code: 'UNAVAILABLE', message: 'onAcquire or onRelease of its owner has not resolved in time' };
    return { code: 'STALE_OWNER', message: `by routing ${this.#epoch} this replica does not own the key` };
  }

  epochOf(key: string): number | undefined {
    if (!this.#ports.lease.holds) return undefined;
    const hash = hashKey(key);
    // Until it is let go, the key is still held as before.
    const leaving = this.#handOvers.find((each) => each.tenureOf(hash) !== undefined)?.tenureOf(hash);
    if (leaving !== undefined) return leaving.epoch;
    const tenure = tenureOf(this.#tenures, hash);
    return tenure?.acquisition.begun === true ? tenure.epoch : undefined;
  }

  /** As a call of the key: a hand-over waits for it as for those. */
  hold(key: string, end: (why: string) => void): KeyHold | undefined {
    const hash = hashKey(key);
    if (this.admits(hash, undefined) !== 'owned') return undefined;
    const call = this.begin({ hash, trace: undefined, streaming: false, end });
    return { leave: () => void call.leave() };
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Seals everything, for good. Resolves when it is let go, which is bounded in time. */
  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#take([], this.#ports.lease.term);
    }
    while (this.#handOvers.length > 0) await this.#changed.promise;
  }

  #take(granted: readonly SliceRange[], term: number): void {
    const { kept, lost, gained } = changesBetween(
      this.#tenures,
      granted,
      // Nobody else is given a key that was not let go, unless the lease has run out.
      ({ acquisition }) => acquisition.begun && acquisition.term === term,
    );
    const part = ({ held, start, end, epoch }: Part<Tenure>): Tenure => {
      // What has not begun will, part by part; what has goes on for all of them.
      const { begun, failures } = held.acquisition;
      const isWhole = held.start === start && held.end === end;
      return {
        start,
        end,
        epoch,
        acquisition: begun || isWhole ? held.acquisition : new Acquisition(failures),
      };
    };
    const fresh = gained.map((range): Tenure => ({ ...range, acquisition: new Acquisition() }));
    this.#tenures = coalesced([...kept.map(part), ...fresh].sort((a, b) => a.start - b.start));
    if (kept.some(({ held, epoch }) => epoch > held.epoch)) this.#tellListeners();
    const sealed = lost.map(part).filter(({ acquisition }) => acquisition.begun);
    const last = this.#handOvers.at(-1);
    if (sealed.length > 0) this.#seal(sealed);
    else if (last !== undefined) last.epoch = this.#epoch;
    this.#advance();
  }

  #seal(tenures: readonly Tenure[]): void {
    const handOver = new HandOver(this.#epoch, tenures);
    this.#handOvers.push(handOver);
    for (const call of this.#calls) {
      if (call.handOver === undefined && handOver.tenureOf(call.keyed.hash) !== undefined)
        this.#join(call, handOver);
    }
    const { clock } = this.#ports;
    const { streamDrain, callDrain, abortedDrain } = OWNERSHIP_TIMES;
    handOver.timers.push(
      clock.schedule(streamDrain, () => handOver.end(({ streaming }) => streaming)),
      clock.schedule(callDrain, () => handOver.end(() => true)),
      clock.schedule(callDrain + abortedDrain, () => this.#abandon(handOver)),
    );
  }

  #join(call: OwnedCall, handOver: HandOver): void {
    call.handOver = handOver;
    handOver.calls.add(call);
  }

  /** Its callers were answered, and what is written in its name is fenced: the key need not wait for it any longer. */
  #abandon(handOver: HandOver): void {
    if (handOver.calls.size === 0) return;
    this.#ports.problem(
      `${handOver.calls.size} calls ignore that their signal is aborted; their keys are given up nevertheless`,
      {},
    );
    handOver.end(() => true);
    for (const call of handOver.calls) this.#calls.delete(call);
    handOver.calls.clear();
    this.#advance();
  }

  readonly #onLeft = (call: OwnedCall): void => {
    this.#calls.delete(call);
    const { handOver } = call;
    if (handOver?.calls.delete(call) === true && handOver.calls.size === 0) this.#advance();
  };

  #onLapse(): void {
    for (const call of this.#calls) call.end('this replica has lost touch with the leader of the cluster');
    this.#tellListeners();
    this.#advance();
  }

  /** It is not acquired since an earlier hook of the key has taken too long. */
  #isStuck(hash: number): boolean {
    for (const each of this.#unresolved)
      if (each.phase === 'done' && each.tenureOf(hash) !== undefined) return true;
    return false;
  }

  /**
   * A call that one in flight on a sealed key may wait for: refused, it would come back only after the hand-over, which
   * waits for that other.
   */
  #isNeeded(hash: number, trace: Trace | undefined): boolean {
    if (trace === undefined || this.#handOvers.length === 0) return false;
    const isSealed = this.#handOvers.some(
      (each) => each.phase === 'draining' && each.tenureOf(hash)?.acquisition.state.kind === 'done',
    );
    return isSealed && this.#handOvers.some((each) => each.holdsTrace(trace.traceId));
  }

  /** Goes on with what nothing holds up any more. */
  #advance(): void {
    for (let head = this.#handOvers[0]; head !== undefined; head = this.#handOvers[0]) {
      if (head.phase === 'draining' && head.calls.size === 0) this.#release(head);
      if (head.phase !== 'done') break;
      this.#handOvers.shift();
      this.#tellListeners();
      this.#settle(head.epoch);
    }
    if (this.#handOvers.length === 0) this.#settle(this.#epoch);
    const before = [...this.#handOvers, ...this.#unresolved];
    const isDue = (tenure: Tenure) =>
      tenure.acquisition.state.kind === 'waiting' && !before.some((each) => each.covers(tenure));
    if (this.#ports.lease.holds) for (const tenure of this.#tenures) if (isDue(tenure)) this.#acquire(tenure);
    const changed = this.#changed;
    this.#changed = deferred();
    changed.resolve();
  }

  #settle(epoch: number): void {
    if (epoch <= this.#settled) return;
    this.#settled = epoch;
    this.#ports.settled(epoch);
  }

  #acquire(tenure: Tenure): void {
    tenure.acquisition.term = this.#ports.lease.term;
    this.#hooks.acquire(
      tenure,
      () => this.#advance(),
      (failed) => {
        // What was acquired together may have been parted since: each part for itself.
        this.#tenures = this.#tenures.map((each) =>
          each.acquisition === failed ? { ...each, acquisition: new Acquisition(failed.failures + 1) } : each,
        );
        this.#advance();
      },
    );
    this.#tellListeners();
  }

  #release(handOver: HandOver): void {
    for (const cancel of handOver.timers.splice(0)) cancel();
    handOver.phase = 'releasing';
    this.#unresolved.add(handOver);
    let isLater = false;
    const advance = () => {
      if (isLater) this.#advance();
    };
    this.#hooks.release(
      handOver,
      () => {
        handOver.phase = 'done';
        advance();
      },
      () => {
        this.#unresolved.delete(handOver);
        advance();
      },
    );
    isLater = true;
  }

  #tellListeners(): void {
    for (const listener of this.#listeners) listener();
  }
}
