import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { type ClusterConfig, clusterConfigSchema, readClusterConfig } from './cluster-config.js';
import { ConfigError } from './config-problem.js';
import { type NatsConfig, natsConfigSchema, resolveNatsConfig } from './nats-config.js';
import { readToml } from './read-toml.js';
import { type RedisConfig, readRedisConfig, redisConfigSchema } from './redis-config.js';
import { defaultDaemonConfigFile, defaultStateFolder, namedStateFolder } from './state-folder-path.js';

/** `weaverd.toml`: how a daemon runs. Every key has a default, so that no file is needed at all. */
export const daemonConfigSchema = z.strictObject({
  stateFolder: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Where the daemon keeps artifacts, desired state and logs, relative to this file. Default: /var/lib/weaverd for root, else $XDG_STATE_HOME/weaverd or ~/.local/state/weaverd. WEAVERD_STATE and --state override it',
    ),
  hostName: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/, 'letters, digits, dots and dashes')
    .optional()
    .describe("Name of this host in status and logs; the system's host name by default"),
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warn', 'error'])
    .default('info')
    .describe("Least level of the daemon's own log"),
  transport: z
    .enum(['unix', 'tcp'])
    .default('unix')
    .describe('What the proclets of this host call each other over; "tcp": loopback TCP'),
  compression: z
    .enum(['auto', 'off'])
    .default('auto')
    .describe(
      'Whether proclets compress large messages over TCP: "auto": on connections on which that is measured to save more time than it takes; "off": never, neither sent nor received',
    ),
  warmProclets: z
    .int()
    .min(0)
    .max(16)
    .default(1)
    .describe(
      'Processes kept ready for each version that has two or more replicas on this host, so that a new or replacement replica serves within milliseconds. Each takes the memory of an idle proclet, 45 to 65 MB, and no CPU; 0: none',
    ),
  cluster: clusterConfigSchema.optional(),
  nats: natsConfigSchema.optional(),
  redis: redisConfigSchema.optional(),
});

/** The daemon's configuration with everything decided. */
export interface DaemonConfig {
  /** Absolute. */
  readonly stateFolder: string;
  readonly hostName: string;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  readonly transport: 'unix' | 'tcp';
  readonly compression: 'auto' | 'off';
  /** Pre-started processes per version. */
  readonly warmProclets: number;
  /** Undefined for a host of its own. */
  readonly cluster: ClusterConfig | undefined;
  /** There when `cluster` is. */
  readonly nats: NatsConfig | undefined;
  /** Undefined: a host of its own keeps state in files, one of a cluster keeps none. */
  readonly redis: RedisConfig | undefined;
  /** The file that was read, if any. */
  readonly file: string | undefined;
}

export interface DaemonConfigSources {
  /** `--config`; must exist when given. */
  readonly file: string | undefined;
  /** `--state`. */
  readonly stateFolder: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly userId: number | undefined;
}

/**
 * The state folder comes from `--state`, else WEAVERD_STATE, else the file, else the default. Throws a ConfigError
 * with all that is wrong in the file.
 */
export async function loadDaemonConfig(sources: DaemonConfigSources): Promise<DaemonConfig> {
  const { env, cwd, userId } = sources;
  const file = await configFile(sources);
  const given =
    file === undefined ? daemonConfigSchema.parse({}) : (await readToml(file, daemonConfigSchema)).value;
  const inFile =
    file === undefined || given.stateFolder === undefined
      ? undefined
      : resolve(dirname(file), given.stateFolder);
  if (file !== undefined && given.cluster !== undefined && given.nats === undefined) throw lacksNats(file);
  return {
    stateFolder: namedStateFolder(sources.stateFolder, env, cwd) ?? inFile ?? defaultStateFolder(env, userId),
    hostName: given.hostName ?? hostname(),
    logLevel: given.logLevel,
    transport: given.transport,
    compression: given.compression,
    warmProclets: given.warmProclets,
    cluster:
      given.cluster === undefined || file === undefined
        ? undefined
        : await readClusterConfig(given.cluster, file, dirname(file)),
    nats:
      given.nats === undefined || file === undefined
        ? undefined
        : resolveNatsConfig(given.nats, dirname(file)),
    redis:
      given.redis === undefined || file === undefined
        ? undefined
        : await readRedisConfig(given.redis, file, dirname(file)),
    file,
  };
}

function lacksNats(file: string): ConfigError {
  const message = '[cluster] needs [nats] beside it';
  const mend = 'add [nats] with servers = ["nats://HOST:4222"]';
  return new ConfigError([{ file, line: undefined, column: undefined, message, mend }]);
}

async function configFile({ file, env, cwd, userId }: DaemonConfigSources): Promise<string | undefined> {
  if (file !== undefined) return resolve(cwd, file);
  const byDefault = defaultDaemonConfigFile(env, userId);
  try {
    await stat(byDefault);
    return byDefault;
  } catch {
    return undefined; // not there or not ours to see: the defaults hold
  }
}
