import { isIncarnation } from './epoch.js';

/** One daemon process: a restarted daemon is a new generation of its host. */
export interface Holder {
  readonly host: string;
  /** Unix ms of its start. */
  readonly generation: number;
}

/** Who leads: one value in the store, under `leader` in the bucket `control`. */
export interface LeaseRecord {
  readonly holder: Holder;
  /** Names this write, so that one of unknown outcome is found again. */
  readonly attempt: string;
  /** Of the control plane: rises with each leadership. Never the store's revision, which a rebuilt bucket restarts. */
  readonly incarnation: number;
  /** From when others first saw this write; 0: given up. */
  readonly ttlMs: number;
  /** Of weaverd. */
  readonly version: string;
}

/** A holder cannot keep others waiting for longer. */
export const MAX_TTL_MS = 10 * 60_000;

/** Undefined for what is no lease. */
export function readLease(value: unknown): LeaseRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { holder, attempt, incarnation, ttlMs, version } = value as Partial<Record<string, unknown>>;
  if (typeof holder !== 'object' || holder === null) return undefined;
  const { host, generation } = holder as Partial<Record<string, unknown>>;
  if (typeof host !== 'string' || typeof generation !== 'number' || !Number.isFinite(generation))
    return undefined;
  if (typeof attempt !== 'string' || typeof version !== 'string' || !isIncarnation(incarnation))
    return undefined;
  if (typeof ttlMs !== 'number' || !(ttlMs >= 0 && ttlMs <= MAX_TTL_MS)) return undefined;
  return { holder: { host, generation }, attempt, incarnation, ttlMs, version };
}
