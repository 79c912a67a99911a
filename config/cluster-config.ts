import { availableParallelism, totalmem } from 'node:os';
import { resolve } from 'node:path';
import * as z from 'zod';
import { ConfigError } from './config-problem.js';
import { readSecretFile } from './secret-file.js';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
const LEAST_SECRET_BYTES = 32;

/** `[cluster]` of `weaverd.toml`: this host's place among others. Needs `[nats]` beside it. */
export const clusterConfigSchema = z
  .strictObject({
    name: z
      .string()
      .regex(NAME, 'letters, digits, "-" and "_"')
      .default('weaverd')
      .describe('Name of the cluster; daemons of other names do not see each other, also on the same NATS'),
    address: z
      .union([z.ipv4(), z.ipv6()])
      .describe('IP address of this host at which the proclets of other hosts reach those of this one'),
    secretFile: z
      .string()
      .min(1)
      .describe(
        'File with the secret of the cluster, the same on all its hosts, relative to this file: at least 32 bytes, readable for its owner only. `openssl rand -base64 48` makes one',
      ),
    labels: z
      .record(z.string().regex(NAME), z.string().max(63))
      .default({})
      .describe(
        'What sets this host apart, for placement; `zone` is the failure domain that replicas are spread over',
      ),
    capacity: z
      .strictObject({
        cpus: z.number().positive().max(4096).optional().describe('CPUs for replicas; all by default'),
        memory: z
          .string()
          .regex(/^[1-9][0-9]*(MiB|GiB)$/, 'such as "512MiB" or "4GiB"')
          .optional()
          .describe('Memory for replicas; all by default'),
        maxReplicas: z.int().min(0).max(10_000).default(200).describe('Replicas on this host at most'),
      })
      .prefault({}),
  })
  .describe('This host as one of a cluster; absent: a host of its own');

/** Where this host stands among others. */
export interface ClusterConfig {
  readonly name: string;
  readonly address: string;
  /** Secret: never in a log. */
  readonly secret: string;
  /** Where that came from. */
  readonly secretFile?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: { readonly cpus: number; readonly memoryBytes: number; readonly maxReplicas: number };
}

/** Reads what the section names. Throws a ConfigError for a secret that is not one, or that others may read. */
export async function readClusterConfig(
  given: z.output<typeof clusterConfigSchema>,
  file: string,
  folder: string,
): Promise<ClusterConfig> {
  const { name, address, labels, capacity } = given;
  return {
    name,
    address,
    secret: await readSecret(resolve(folder, given.secretFile), file),
    secretFile: resolve(folder, given.secretFile),
    labels,
    capacity: {
      cpus: capacity.cpus ?? availableParallelism(),
      memoryBytes: capacity.memory === undefined ? totalmem() : bytesOf(capacity.memory),
      maxReplicas: capacity.maxReplicas,
    },
  };
}

async function readSecret(path: string, file: string): Promise<string> {
  const about = { file, key: 'cluster.secretFile', mend: 'copy it from another host of the cluster' };
  const secret = await readSecretFile(path, about);
  if (Buffer.byteLength(secret) >= LEAST_SECRET_BYTES) return secret;
  const message = `cluster.secretFile: ${path} has fewer than ${LEAST_SECRET_BYTES} bytes`;
  const mend = `make one: openssl rand -base64 48 > ${path}`;
  throw new ConfigError([{ file, line: undefined, column: undefined, message, mend }]);
}

function bytesOf(size: string): number {
  return Number.parseInt(size, 10) * (size.endsWith('GiB') ? 1024 ** 3 : 1024 ** 2);
}
