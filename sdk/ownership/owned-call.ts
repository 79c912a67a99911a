import type { HandOver } from './hand-over.js';
import type { Lease } from './lease.js';

/** Its id is made when somebody asks: most calls meet no hand-over. */
export interface Trace {
  readonly traceId: string;
}

/** A call as it comes to the owner of its key. */
export interface KeyedCall {
  readonly hash: number;
  /** Calls of one trace may depend on each other. */
  readonly trace: Trace | undefined;
  readonly streaming: boolean;
  /** Answers in the method's place with STALE_OWNER, outcome unknown, and aborts its signal. */
  readonly end: (why: string) => void;
}

/** A call that runs at the owner of its key. */
export class OwnedCall {
  /** Set while its key is given up. */
  handOver: HandOver | undefined;
  readonly #lease: Lease;
  readonly #left: (call: OwnedCall) => void;
  #ended = false;

  constructor(
    readonly keyed: KeyedCall,
    lease: Lease,
    left: (call: OwnedCall) => void,
  ) {
    this.#lease = lease;
    this.#left = left;
  }

  /**
   * What it gives is as good as any owner's: from its beginning until now nobody else may have acted for the key. (All calls
   * are ended when the lease runs out.)
   */
  get holds(): boolean {
    return !this.#ended && this.#lease.holds;
  }

  /** Answered in its method's place; the method itself goes on until it notices. */
  end(why: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.keyed.end(why);
  }

  /** The method has ended. Returns whether what it gave may be the answer. */
  leave(): boolean {
    const holds = this.holds;
    this.#left(this);
    return holds;
  }
}
