import { resolve } from 'node:path';
import * as z from 'zod';

const SECRET_FILES = ['credentialsFile', 'nkeyFile', 'userFile', 'tokenFile'] as const;
const MAX_SERVERS = 16;

const file = z.string().min(1).optional();

/** `[nats]` of `weaverd.toml`: how the hosts of a cluster reach each other and their common memory. */
export const natsConfigSchema = z
  .strictObject({
    servers: z
      .array(
        z
          .string()
          .regex(
            /^(nats|tls):\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/,
            'must be such as "nats://10.0.0.1:4222"; credentials belong into a file',
          ),
      )
      .min(1)
      .max(MAX_SERVERS)
      .describe('The NATS servers, with JetStream, of one NATS cluster; as "nats://10.0.0.1:4222"'),
    replicas: z
      .union([z.literal(1), z.literal(3)])
      .optional()
      .describe(
        'NATS servers that keep each bucket. Default: 3 when three servers or more are named, else 1',
      ),
    credentialsFile: file.describe(
      'Credentials (JWT and seed) as nsc writes them; readable for its owner only',
    ),
    nkeyFile: file.describe("Seed of a user's nkey; readable for its owner only"),
    userFile: file.describe('user:password; readable for its owner only'),
    tokenFile: file.describe('A token; readable for its owner only'),
    tls: z
      .strictObject({
        caFile: file.describe(
          'Certificates (PEM) that the servers are trusted by; those of Node.js by default',
        ),
        certFile: file.describe('Certificate (PEM) of this host for NATS'),
        keyFile: file.describe('Its private key (PEM); readable for its owner only'),
      })
      .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
        message: 'needs certFile and keyFile together',
      })
      .optional(),
  })
  .refine((given) => SECRET_FILES.filter((name) => given[name] !== undefined).length <= 1, {
    message: `may have one of ${SECRET_FILES.join(', ')}`,
  })
  .describe('NATS, for a cluster. Files are relative to this one, and read anew for each connection');

/** How to reach NATS; paths are absolute. */
export interface NatsConfig {
  readonly servers: readonly string[];
  /** Of each bucket. */
  readonly replicas: 1 | 3;
  readonly credentials?: NatsCredentials;
  readonly tls?: NatsTls;
}

export interface NatsCredentials {
  /** `creds`: JWT and seed. `nkey`: a seed. `user`: `user:password`. */
  readonly kind: 'creds' | 'nkey' | 'user' | 'token';
  readonly file: string;
}

export interface NatsTls {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

export function resolveNatsConfig(given: z.output<typeof natsConfigSchema>, folder: string): NatsConfig {
  const { servers, replicas, tls } = given;
  const credentials = credentialsOf(given, folder);
  return {
    servers,
    replicas: replicas ?? (servers.length >= 3 ? 3 : 1),
    ...(credentials === undefined ? {} : { credentials }),
    ...(tls === undefined ? {} : { tls: tlsOf(tls, folder) }),
  };
}

function credentialsOf(
  { credentialsFile, nkeyFile, userFile, tokenFile }: z.output<typeof natsConfigSchema>,
  folder: string,
): NatsCredentials | undefined {
  if (credentialsFile !== undefined) return { kind: 'creds', file: resolve(folder, credentialsFile) };
  if (nkeyFile !== undefined) return { kind: 'nkey', file: resolve(folder, nkeyFile) };
  if (userFile !== undefined) return { kind: 'user', file: resolve(folder, userFile) };
  return tokenFile === undefined ? undefined : { kind: 'token', file: resolve(folder, tokenFile) };
}

function tlsOf(
  { caFile, certFile, keyFile }: { [name in keyof NatsTls]?: string | undefined },
  folder: string,
): NatsTls {
  return {
    ...(caFile === undefined ? {} : { caFile: resolve(folder, caFile) }),
    ...(certFile === undefined ? {} : { certFile: resolve(folder, certFile) }),
    ...(keyFile === undefined ? {} : { keyFile: resolve(folder, keyFile) }),
  };
}
