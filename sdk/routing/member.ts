import { type Backoff, backoffMs } from './backoff.js';
import type { Candidate } from './balancer.js';
import type { Vital } from './outlier.js';
import type { Peer } from './peer.js';

/** Weight of one answer in the moving average. */
const WEIGHT = 0.1;
/** One answer a millisecond is timed: each of a slow caller's, few of a fast one's. */
const TIMED_EVERY_MS = 1;
const OUT: Backoff = { firstMs: 1000, capMs: 30_000 };
/** Good answers to probes before a replica is back in. */
const PROBES = 3;

type State =
  | { readonly kind: 'in' }
  /** Not called before `until`. */
  | { readonly kind: 'out'; readonly until: number; readonly good: number }
  /** One call is on its way to tell whether it is well again. */
  | { readonly kind: 'probing'; readonly good: number };

/** One replica of one component, as this process sees it: the peer, and how it does. */
export class Member implements Candidate, Vital {
  slowness = 0;
  samples = 0;
  failures = 0;
  #state: State = { kind: 'in' };
  /** Since it was last in for good. */
  #ejections = 0;
  #timedFrom = 0;

  constructor(
    readonly peer: Peer,
    private readonly random: () => number,
  ) {}

  get load(): number {
    return this.peer.load;
  }

  get ejected(): boolean {
    return this.#state.kind !== 'in' || this.peer.ejected;
  }

  get out(): boolean {
    return this.#state.kind !== 'in';
  }

  get probing(): boolean {
    return this.#state.kind === 'probing';
  }

  /** When the next probe may be sent; Infinity when none is due. */
  get probeAt(): number {
    return this.#state.kind === 'out' ? this.#state.until : Number.POSITIVE_INFINITY;
  }

  /** Whether the answer to a call made now should be timed. */
  timesAt(now: number): boolean {
    if (now < this.#timedFrom && this.#state.kind !== 'probing') return false;
    this.#timedFrom = now + TIMED_EVERY_MS;
    return true;
  }

  sample(slowness: number): void {
    this.samples++;
    this.slowness += Math.max(WEIGHT, 1 / this.samples) * (slowness - this.slowness);
  }

  eject(now: number): void {
    this.#ejections++;
    this.#state = { kind: 'out', until: now + backoffMs(OUT, this.#ejections, this.random), good: 0 };
  }

  probe(): void {
    if (this.#state.kind === 'out') this.#state = { kind: 'probing', good: this.#state.good };
  }

  /** The probe's call ended: well, badly, or in a way that tells nothing. */
  probed(outcome: 'good' | 'bad' | 'unknown', now: number): void {
    if (this.#state.kind !== 'probing') return;
    if (outcome === 'bad') return this.eject(now);
    const good = this.#state.good + (outcome === 'good' ? 1 : 0);
    if (good < PROBES) {
      this.#state = { kind: 'out', until: now, good };
      return;
    }
    this.enter();
  }

  /** Back in, and measured anew; how often it was out is remembered until it has shown itself. */
  enter(): void {
    this.#state = { kind: 'in' };
    this.slowness = 0;
    this.samples = 0;
    this.failures = 0;
  }

  /** It was judged and found well. */
  well(): void {
    this.#ejections = 0;
  }
}
