import type { TransportLimits } from './transport.js';

/** What a side of a connection knows when it looks; times in milliseconds of one monotonic clock. */
export interface HeartbeatState {
  readonly heardAt: number;
  readonly sentAt: number;
  /** When it meant to look. */
  readonly dueAt: number;
}

export type HeartbeatDecision =
  | { readonly kind: 'wait'; readonly forMs: number }
  | { readonly kind: 'ping'; readonly forMs: number }
  /** This process itself stood still: the silence says nothing of the peer, which is asked anew. */
  | { readonly kind: 'stalled'; readonly forMs: number }
  | { readonly kind: 'lost'; readonly silentMs: number };

export type HeartbeatLimits = Pick<TransportLimits, 'heartbeatIntervalMs' | 'heartbeatTimeoutMs'>;

/**
 * A ping is due after an interval in which nothing was heard, and after one in which nothing was sent: a peer that is busy
 * sending a long message over a slow link must hear that we live.
 */
export function decideHeartbeat(
  state: HeartbeatState,
  now: number,
  limits: HeartbeatLimits,
): HeartbeatDecision {
  const { heartbeatIntervalMs: interval, heartbeatTimeoutMs: timeout } = limits;
  if (now - state.dueAt > interval) return { kind: 'stalled', forMs: interval };
  const silentMs = now - state.heardAt;
  if (silentMs >= timeout) return { kind: 'lost', silentMs };
  const untilLost = timeout - silentMs;
  const idleMs = Math.max(silentMs, now - state.sentAt);
  if (idleMs >= interval) return { kind: 'ping', forMs: Math.min(interval, untilLost) };
  return { kind: 'wait', forMs: Math.min(interval - idleMs, untilLost) };
}
