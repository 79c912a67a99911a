import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as z from 'zod';
import type { RedisPlace, RedisServer, RedisStoreSpec, RedisTls } from '../sdk/protocol/state-store.js';
import { ConfigError } from './config-problem.js';
import { readSecretFile } from './secret-file.js';

const MAX_SERVERS = 32;
const MAX_KEY_FILE_BYTES = 65_536;
const PORT = 6379;
const SENTINEL_PORT = 26_379;
const HOST = String.raw`(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)`;
const ADDRESS = new RegExp(`^${HOST}(?::(\\d{1,5}))?$`);
const URL_FORM = new RegExp(`^(rediss?)://${HOST}(?::(\\d{1,5}))?(?:/(\\d{1,4}))?$`);

const file = z.string().min(1).optional();
const servers = (description: string) =>
  z
    .array(z.string().regex(ADDRESS, 'must be such as "10.0.0.1:6379"; credentials belong into a file'))
    .min(1)
    .max(MAX_SERVERS)
    .optional()
    .describe(description);

/** `[redis]` of `weaverd.toml`: where the state of apps is kept. */
export const redisConfigSchema = z
  .strictObject({
    url: z
      .string()
      .regex(
        URL_FORM,
        'must be such as "redis://10.0.0.1:6379", or rediss:// for TLS; credentials belong into a file',
      )
      .optional()
      .describe('One server: "redis://10.0.0.1:6379", with "/1" for database 1; "rediss://" for TLS'),
    sentinels: servers('Sentinels, as "10.0.0.1:26379": they know the server; needs `name`'),
    name: z.string().min(1).max(256).optional().describe('What the Sentinels call the server'),
    nodes: servers('Some nodes of a Redis Cluster, as "10.0.0.1:6379"'),
    username: z.string().min(1).max(256).optional().describe("User; Redis' default user by default"),
    passwordFile: file.describe('File with the password; readable for its owner only'),
    tls: z
      .union([
        z.boolean(),
        z
          .strictObject({
            caFile: file.describe(
              'Certificates (PEM) that the servers are trusted by; those of Node.js by default',
            ),
            certFile: file.describe('Certificate (PEM) of this host for Redis'),
            keyFile: file.describe('Its private key (PEM); readable for its owner only'),
          })
          .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
            message: 'needs certFile and keyFile together',
          }),
      ])
      .optional()
      .describe('TLS: true, or its files'),
    keyPrefix: z
      .string()
      .max(64)
      .regex(/^[^{}\s]*$/, 'no braces or white space')
      .default('weaverd:')
      .describe('Before every key; each cluster of weaverd that shares a Redis needs its own'),
    cacheSize: z
      .string()
      .regex(/^[1-9][0-9]{0,5}(KiB|MiB|GiB)$/, 'such as "64MiB"')
      .default('64MiB')
      .describe('Values that a process keeps in memory for each of its components, at most'),
  })
  .refine(
    ({ url, sentinels, nodes }) => [url, sentinels, nodes].filter((each) => each !== undefined).length === 1,
    {
      message: 'needs one of url, sentinels (with name), nodes',
    },
  )
  .refine(({ sentinels, name }) => (sentinels === undefined) === (name === undefined), {
    message: 'needs sentinels and name together',
  })
  .describe('Redis 7.0 or newer, where the state of apps is kept. Files are relative to this one');

/** How to reach Redis: secrets in it, never in a log. */
export interface RedisConfig {
  readonly store: RedisStoreSpec;
  /** The files they came from. */
  readonly secretFiles: readonly string[];
}

/** Reads what the section names. Throws a ConfigError for secrets that others may read, and for what cannot be read. */
export async function readRedisConfig(
  given: z.output<typeof redisConfigSchema>,
  configFile: string,
  folder: string,
): Promise<RedisConfig> {
  const { username, passwordFile, tls, keyPrefix, cacheSize } = given;
  const keyFile = typeof tls === 'object' ? tls.keyFile : undefined;
  const password =
    passwordFile === undefined
      ? undefined
      : await readSecretFile(resolve(folder, passwordFile), about(configFile, 'redis.passwordFile'));
  const hasTls = (tls !== undefined && tls !== false) || (given.url?.startsWith('rediss:') ?? false);
  const store: RedisStoreSpec = {
    kind: 'redis',
    at: placeOf(given),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(hasTls ? { tls: typeof tls === 'object' ? await readTls(tls, configFile, folder) : {} } : {}),
    keyPrefix,
    cacheBytes: bytesOf(cacheSize),
  };
  const secretFiles = [passwordFile, keyFile].filter((each) => each !== undefined);
  return { store, secretFiles: secretFiles.map((each) => resolve(folder, each)) };
}

function placeOf({ url, sentinels, name, nodes }: z.output<typeof redisConfigSchema>): RedisPlace {
  if (nodes !== undefined) return { kind: 'cluster', nodes: nodes.map((each) => serverOf(each, PORT)) };
  if (sentinels !== undefined) {
    const known = sentinels.map((each) => serverOf(each, SENTINEL_PORT));
    return { kind: 'sentinel', sentinels: known, name: name ?? '', database: 0 };
  }
  const [, , host = '', port, database] = URL_FORM.exec(url ?? '') ?? [];
  return {
    kind: 'standalone',
    server: { host: bare(host), port: Number(port ?? PORT) },
    database: Number(database ?? 0),
  };
}

function serverOf(address: string, defaultPort: number): RedisServer {
  const [, host = '', port] = ADDRESS.exec(address) ?? [];
  return { host: bare(host), port: Number(port ?? defaultPort) };
}

/** An IPv6 address without its brackets. */
function bare(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

async function readTls(
  {
    caFile,
    certFile,
    keyFile,
  }: { readonly [name in 'caFile' | 'certFile' | 'keyFile']?: string | undefined },
  configFile: string,
  folder: string,
): Promise<RedisTls> {
  const read = async (path: string, key: string) => {
    try {
      return await readFile(resolve(folder, path), 'utf8');
    } catch (reason) {
      const why = reason instanceof Error ? reason.message : String(reason);
      const message = `${key}: ${resolve(folder, path)} cannot be read: ${why}`;
      throw new ConfigError([{ file: configFile, line: undefined, column: undefined, message, mend: MEND }]);
    }
  };
  return {
    ...(caFile === undefined ? {} : { ca: await read(caFile, 'redis.tls.caFile') }),
    ...(certFile === undefined ? {} : { cert: await read(certFile, 'redis.tls.certFile') }),
    ...(keyFile === undefined
      ? {}
      : {
          key: await readSecretFile(
            resolve(folder, keyFile),
            about(configFile, 'redis.tls.keyFile'),
            MAX_KEY_FILE_BYTES,
          ),
        }),
  };
}

const MEND = 'name a file that the daemon can read';

function about(configFile: string, key: string) {
  return { file: configFile, key, mend: MEND };
}

const UNITS = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

function bytesOf(size: string): number {
  return Number.parseInt(size, 10) * UNITS[size.slice(-3) as keyof typeof UNITS];
}
