import type { Holder, LeaseRecord } from './lease-record.js';

/** What the rules of the lease (lease.ts) take and return. */
export interface LeaseSettings {
  readonly self: Holder;
  /** Begins each attempt id; no other process has it. */
  readonly instance: string;
  readonly ttlMs: number;
  /** By which the leader's time ends earlier than the lease: covers differing clock rates. */
  readonly marginMs: number;
  readonly version: string;
  /**
   * The lease of an older generation of this host may be taken at once: only where a lock proves that no other daemon
   * of that name lives.
   */
  readonly replacesPredecessor: boolean;
}

/** What a step takes from outside. */
export interface LeaseInput {
  /** Monotonic ms. */
  readonly now: number;
  /** From 0 to 1, at random. */
  readonly jitter: number;
  /** The highest incarnation that this daemon knows of from elsewhere, such as its disk and the hosts' reports. */
  readonly highestSeen: number;
}

export interface Attempt {
  readonly id: string;
  /** Before it was sent. */
  readonly sentAt: number;
  readonly incarnation: number;
}

export interface Seen {
  /** 0: there is no record. */
  readonly revision: number;
  /** Undefined when absent or unreadable. */
  readonly record: LeaseRecord | undefined;
  readonly firstSeenAt: number;
  /** Since when reads show only older ones; undefined when the newest read showed this. */
  readonly olderSince: number | undefined;
  /** From 0 to 1: its share of the spread by which those who would take it over are kept apart. */
  readonly jitter: number;
}

export interface Common {
  readonly highestIncarnation: number;
  readonly attempts: number;
  /** Own writes of unknown outcome, oldest first; any one of them may still be applied. */
  readonly unsettled: readonly Attempt[];
}

/** `unknown`: a take-over timed out and is being looked for. */
export interface Following extends Common {
  readonly kind: 'follower' | 'unknown';
  readonly seen: Seen | undefined;
  /** Undefined: a read is under way. */
  readonly readAt: number | undefined;
  /** Until then nobody else can lead, as this one did. */
  readonly mineUntil: number;
  /** No take-over earlier. */
  readonly pauseUntil: number;
}

/** A take-over is under way. */
export interface Candidate extends Common {
  readonly kind: 'candidate';
  readonly attempt: Attempt;
  readonly seen: Seen;
  readonly mineUntil: number;
}

export interface Leading extends Common {
  readonly kind: 'leading';
  readonly incarnation: number;
  readonly revision: number;
  readonly validUntil: number;
  readonly renewal:
    | { readonly kind: 'due'; readonly at: number }
    | { readonly kind: 'writing'; readonly attempt: Attempt }
    | { readonly kind: 'reading' };
}

/** Gives the lease up. */
export interface Resigning extends Common {
  readonly kind: 'resigning';
  readonly incarnation: number;
  readonly until: number;
  /** Reads and writes. */
  readonly tries: number;
}

export interface Stopped extends Common {
  readonly kind: 'stopped';
}

export type LeaseState = Following | Candidate | Leading | Resigning | Stopped;

export type LeaseEvent =
  | { readonly kind: 'tick' }
  /** The watch told of something to look at. */
  | { readonly kind: 'hint' }
  | { readonly kind: 'observed'; readonly revision: number; readonly value: unknown }
  | { readonly kind: 'read-failed' }
  | { readonly kind: 'acknowledged'; readonly revision: number }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'unknown' }
  /** This process lost time that its monotonic clock may not have counted. */
  | { readonly kind: 'stalled' }
  /** An epoch of that incarnation exists which is not of this leadership: a higher one must be taken. */
  | { readonly kind: 'raise'; readonly incarnation: number }
  | { readonly kind: 'resign' };

/** For the store; replaces one that is under way, whose answer is to be ignored. */
export type LeaseCommand =
  | { readonly kind: 'read' }
  | { readonly kind: 'write'; readonly record: LeaseRecord; readonly revision: number };

export interface LeaseStep {
  readonly state: LeaseState;
  readonly command: LeaseCommand | undefined;
}
