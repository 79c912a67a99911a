import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisStoreSpec } from '../../sdk/protocol/state-store.js';
import type { RedisExamination, RedisServerExamination } from './examination.js';

const TIMEOUT_MS = 1500;
const SETTINGS = [
  'appendonly',
  'appendfsync',
  'no-appendfsync-on-rewrite',
  'maxmemory-policy',
  'min-replicas-to-write',
] as const;

/** What the servers that take writes say about themselves, on connections of its own. Never rejects; takes 5 s at most. */
export async function examineRedis(store: RedisStoreSpec): Promise<RedisExamination> {
  const client = clientOf(store);
  let problem: string | undefined;
  client.on('error', (reason: Error) => {
    problem ??= reason.message;
  });
  try {
    await within(client.connect());
    const masters = client instanceof Cluster ? client.nodes('master') : [client];
    return { servers: await Promise.all(masters.map(examineServer)), problem: undefined };
  } catch (reason) {
    return { servers: [], problem: problem ?? messageOf(reason) };
  } finally {
    client.disconnect();
  }
}

function clientOf({ at, username, password, tls }: RedisStoreSpec): Redis | Cluster {
  const options: RedisOptions = {
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    disableClientInfo: true,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
  };
  const never = () => null;
  switch (at.kind) {
    case 'standalone':
      return new Redis({ ...options, ...at.server, retryStrategy: never });
    case 'sentinel':
      return new Redis({
        ...options,
        sentinels: [...at.sentinels],
        name: at.name,
        retryStrategy: never,
        sentinelRetryStrategy: never,
        sentinelCommandTimeout: TIMEOUT_MS,
        ...(tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: tls }),
      });
    case 'cluster':
      return new Cluster([...at.nodes], {
        lazyConnect: true,
        clusterRetryStrategy: never,
        redisOptions: options,
        slotsRefreshTimeout: TIMEOUT_MS,
      });
  }
}

async function examineServer(server: Redis): Promise<RedisServerExamination> {
  const address = () =>
    `${server.options.host ?? server.stream?.remoteAddress ?? 'redis'}:${server.options.port ?? server.stream?.remotePort ?? ''}`;
  try {
    if (server.status === 'wait') await within(server.connect());
    const [info, settings] = await Promise.all([server.info(), settingsOf(server)]);
    const field = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1] ?? '';
    return {
      server: `${server.stream?.remoteAddress ?? ''}:${server.stream?.remotePort ?? ''}`,
      version: field('redis_version'),
      role: field('role'),
      usedBytes: Number(field('used_memory')),
      maxBytes: Number(field('maxmemory')),
      connectedReplicas: Number(field('connected_slaves')),
      isLogFailing: field('aof_last_write_status') === 'err',
      settings,
    };
  } catch (reason) {
    return { server: address(), reason: messageOf(reason) };
  }
}

async function settingsOf(server: Redis): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    const reply = (await server.config('GET', ...SETTINGS)) as readonly string[];
    const settings: Record<string, string> = {};
    for (let i = 0; i + 1 < reply.length; i += 2) settings[reply[i] ?? ''] = reply[i + 1] ?? '';
    return settings;
  } catch (reason) {
    if ((reason as Error).name === 'ReplyError') return undefined; // its user may not ask
    throw reason;
  }
}

async function within<T>(asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
    asked.catch(() => undefined); // after the deadline nobody waits for it
  }
}

/** The text alone: ioredis hangs a command's arguments on its errors, passwords among them. */
function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
