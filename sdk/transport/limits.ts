import { MAX_CALL_SLOTS } from './call-table.js';
import { MAX_HANDSHAKE_BYTES } from './frame.js';
import type { TransportLimits } from './transport.js';

const KiB = 1024;
const MiB = 1024 * KiB;

/** The defaults, for a connection on one host or between hosts of one network. */
export const DEFAULT_LIMITS: TransportLimits = {
  maxFrameBytes: 16 * MiB,
  maxCallsInFlight: 4096,
  maxQueuedBytes: 32 * MiB,
  streamWindowItems: 4096,
  streamWindowBytes: 256 * KiB,
  handshakeTimeoutMs: 5_000,
  heartbeatIntervalMs: 5_000,
  heartbeatTimeoutMs: 15_000,
  silentAfterMs: 1_500,
  maxConnections: 1024,
};

/** Sizes travel as unsigned 32-bit integers, and timers hold signed ones. */
const MAX_VALUE = 2 ** 31 - 1;

/** The defaults with `overrides` put over them. Throws RangeError for a value that cannot work. */
export function resolveLimits(overrides: Partial<TransportLimits> = {}): TransportLimits {
  const limits = { ...DEFAULT_LIMITS, ...overrides };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isInteger(value) || value < 1 || value > MAX_VALUE) {
      throw new RangeError(`${name} is ${value}: give an integer from 1 to ${MAX_VALUE}`);
    }
  }
  if (limits.maxFrameBytes < MAX_HANDSHAKE_BYTES) {
    throw new RangeError(`maxFrameBytes is ${limits.maxFrameBytes}: give ${MAX_HANDSHAKE_BYTES} or more`);
  }
  if (limits.maxCallsInFlight > MAX_CALL_SLOTS) {
    throw new RangeError(`maxCallsInFlight is ${limits.maxCallsInFlight}: give ${MAX_CALL_SLOTS} or fewer`);
  }
  if (limits.heartbeatTimeoutMs <= limits.heartbeatIntervalMs) {
    throw new RangeError(
      `heartbeatTimeoutMs is ${limits.heartbeatTimeoutMs}: give more than heartbeatIntervalMs, ${limits.heartbeatIntervalMs}`,
    );
  }
  return limits;
}
