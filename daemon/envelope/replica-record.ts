import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { ProcessIdentity } from '../../sdk/protocol/process-identity.js';
import type { ReplicaSpec } from './replica-host.js';

export interface ReplicaKey {
  readonly app: string;
  readonly version: string;
  readonly replica: string;
}

/** What the next daemon must know of a replica; one file each. */
export interface ReplicaRecord extends ReplicaKey {
  readonly format: 1;
  /** The highest that was ever used, or was about to be. */
  readonly generation: number;
  readonly restarts: number;
  /** `begun`: its process may run; `ended`: it does not, and the record keeps only the generation. */
  readonly status: 'begun' | 'completed' | 'ended';
  readonly spec: ReplicaSpec | undefined;
  readonly specFile: string | undefined;
  readonly process: ProcessIdentity | undefined;
  /** Unix ms. */
  readonly startedAt: number;
}

/** Short, fit for file names, the same in every daemon. */
export function replicaId(key: ReplicaKey): string {
  return createHash('sha256')
    .update(JSON.stringify([key.app, key.version, key.replica]))
    .digest('hex')
    .slice(0, 12);
}

const specSchema = z
  .object({
    app: z.string(),
    version: z.string(),
    group: z.string(),
    replica: z.string(),
    bundle: z.string(),
    hosting: z.object({
      components: z.array(
        z
          .object({ name: z.string(), config: z.unknown(), implementation: z.string().optional() })
          .transform((given) => ({ ...given, implementation: given.implementation })),
      ),
      main: z.boolean(),
      mainConfig: z.unknown(),
      defaultTimeoutMs: z.number(),
      stateDurability: z.enum(['always', 'everysec', 'none']).exactOptional(),
    }),
    env: z.record(z.string(), z.string()),
    memoryMiB: z.number().optional(),
    graceMs: z.number(),
  })
  .transform((given): ReplicaSpec => ({ ...given, memoryMiB: given.memoryMiB }));

const recordSchema = z
  .object({
    format: z.literal(1),
    app: z.string(),
    version: z.string(),
    replica: z.string(),
    generation: z.number().int().min(0),
    restarts: z.number().int().min(0),
    status: z.enum(['begun', 'completed', 'ended']),
    spec: specSchema.optional(),
    specFile: z.string().optional(),
    process: z.object({ pid: z.number().int().positive(), startTime: z.string() }).optional(),
    startedAt: z.number(),
  })
  .transform(
    (given): ReplicaRecord => ({
      ...given,
      spec: given.spec,
      specFile: given.specFile,
      process: given.process,
    }),
  );

/** Undefined when it is no record of ours. */
export function parseRecord(text: string): ReplicaRecord | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined; // not JSON: the caller says which file
  }
  const parsed = recordSchema.safeParse(json);
  return parsed.success ? parsed.data : undefined;
}

/**
 * Equal to another spec's exactly if both start the same process. It is compared with the record of an earlier daemon:
 * a field added to ReplicaSpec must be undefined by default, or an upgrade restarts every replica.
 */
export function specFingerprint(spec: ReplicaSpec): string {
  return JSON.stringify(sorted(spec));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => [name, sorted(field)]),
  );
}
