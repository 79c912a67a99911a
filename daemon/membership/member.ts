import type { HostFacts } from './host-facts.js';

/**
 * `suspect`: silent for a while, its replicas still count. `dead`: its generation never returns; what it ran is to run
 * elsewhere. `left`: it said goodbye.
 */
export type MemberStatus = 'alive' | 'suspect' | 'dead' | 'left';

/** A host as the leader knows it. */
export interface Member {
  readonly facts: HostFacts;
  readonly status: MemberStatus;
  /** Of the newest report of that generation. */
  readonly sequence: number;
  /** Monotonic ms from which its silence counts. */
  readonly heardAt: number;
  /** Another daemon that goes by the same name. */
  readonly rival: Rival | undefined;
  /** Of the same installation, which this generation took the place of. */
  readonly replaced: Replaced | undefined;
  /** Why this leader cannot direct it. */
  readonly incompatibility: string | undefined;
}

export interface Rival {
  readonly facts: HostFacts;
  /** Monotonic ms. */
  readonly heardAt: number;
}

export interface Replaced {
  readonly generation: number;
  readonly sequence: number;
  /** Monotonic ms. */
  readonly at: number;
}

export type MembershipEventKind =
  | 'joined'
  | 'restarted'
  | 'suspected'
  | 'recovered'
  | 'died'
  | 'left'
  | 'duplicate-name'
  | 'duplicate-name-ended'
  | 'incompatible'
  | 'compatible'
  | 'mass-silence'
  | 'mass-silence-ended'
  | 'malformed-report';

export interface MembershipEvent {
  readonly kind: MembershipEventKind;
  /** Undefined when it is of many. */
  readonly host: string | undefined;
  readonly generation: number;
  readonly message: string;
}

export type Heard =
  | { readonly kind: 'accepted'; readonly events: readonly MembershipEvent[] }
  /** Older than what is known, or come twice. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly events: readonly MembershipEvent[] };

/** What the daemon that reported is to be told. */
export type Refusal =
  /** It restarts as a generation above `deadUpTo`. */
  | { readonly reason: 'dead-generation'; readonly deadUpTo: number; readonly message: string }
  /** It stays out, without restarting, until the other has gone. */
  | { readonly reason: 'duplicate-name'; readonly message: string }
  | { readonly reason: 'removed'; readonly message: string }
  | { readonly reason: 'too-many-hosts'; readonly message: string };
