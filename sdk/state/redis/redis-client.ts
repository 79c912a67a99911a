import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisPlace, RedisStoreSpec } from '../../protocol/state-store.js';
import { SCRIPTS, type ScriptName } from './scripts.js';

export type Argument = string | Buffer;
export type CommandName = ScriptName | 'hset' | 'hgetall' | 'zrangebylex' | 'get';
export type Callback = (error: Error | null | undefined, reply?: unknown) => void;

export interface ClientOptions {
  readonly store: RedisStoreSpec;
  /** 0 to 1. */
  readonly random: () => number;
}

const CONNECT_MS = 2000;
/** For the other side to close a connection that is given up. */
const DISCONNECT_MS = 50;
const FIRST_DELAY_MS = 25;
const MAX_DELAY_MS = 1000;
const SLOTS_REFRESH_MS = 5000;
const CLUSTER_DOWN_RETRY_MS = 100;
const DEFAULT_SENTINEL_PORT = 26_379;

/**
 * A connection, or several of a cluster, by ioredis: which sends nothing twice by itself and queues nothing while there is no
 * connection, since it could not say whether what it did so with was executed.
 */
export class RedisClient {
  readonly kind: RedisPlace['kind'];
  readonly #client: Redis | Cluster;
  readonly #corked: Redis['stream'][] = [];

  private constructor(kind: RedisPlace['kind'], client: Redis | Cluster) {
    this.kind = kind;
    this.#client = client;
    for (const [name, { lua, numberOfKeys }] of Object.entries(SCRIPTS))
      client.defineCommand(scripted(name), numberOfKeys === undefined ? { lua } : { lua, numberOfKeys });
  }

  /** Not connected yet: see {@link connect}. */
  static create({ store, random }: ClientOptions): RedisClient {
    const { at } = store;
    const delay = (attempt: number) =>
      Math.min(FIRST_DELAY_MS * 2 ** Math.min(attempt, 10), MAX_DELAY_MS) * (0.5 + random() / 2);
    const common = connectionOptions(store);
    switch (at.kind) {
      case 'standalone':
        return new RedisClient(
          at.kind,
          new Redis({ ...common, ...at.server, db: at.database, retryStrategy: delay }),
        );
      case 'sentinel':
        return new RedisClient(
          at.kind,
          new Redis({
            ...common,
            sentinels: at.sentinels.map(({ host, port }) => ({ host, port: port || DEFAULT_SENTINEL_PORT })),
            name: at.name,
            db: at.database,
            retryStrategy: delay,
            sentinelRetryStrategy: delay,
            sentinelCommandTimeout: CONNECT_MS,
            failoverDetector: true,
            ...(common.tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: common.tls }),
          }),
        );
      case 'cluster':
        return new RedisClient(
          at.kind,
          new Cluster([...at.nodes], {
            clusterRetryStrategy: delay,
            redisOptions: common,
            lazyConnect: true,
            enableOfflineQueue: false,
            // What was sent on a connection that closed may have been executed.
            retryDelayOnFailover: 0,
            retryDelayOnClusterDown: CLUSTER_DOWN_RETRY_MS,
            slotsRefreshInterval: SLOTS_REFRESH_MS,
            slotsRefreshTimeout: CONNECT_MS,
          }),
        );
    }
  }

  get isCluster(): boolean {
    return this.kind === 'cluster';
  }

  connect(on: {
    /** The connection to a server is there: the only one, or that of a cluster's node. */
    readonly server: (server: Redis) => void;
    /** A cluster is known. */
    readonly ready: () => void;
    /** There is none; it will be tried again. */
    readonly closed: () => void;
    readonly problem: (reason: string) => void;
  }): void {
    const client = this.#client;
    client.on('error', (reason: Error) => on.problem(reason.message));
    client.on('close', on.closed);
    client.on('end', on.closed);
    if (client instanceof Redis) client.on('ready', () => on.server(client));
    else {
      client.on('node error', (reason: Error) => on.problem(reason.message));
      client.on('+node', (node: Redis) => node.on('ready', () => on.server(node)));
      client.on('ready', on.ready);
    }
    client.connect().catch(() => undefined); // heard of by `error`; it tries again
  }

  /** The servers that take writes, as far as they are known. */
  masters(): readonly Redis[] {
    return this.#client instanceof Cluster ? this.#client.nodes('master') : [this.#client];
  }

  /** Throws nothing; `done` is called once, later. A failure that is no ReplyError leaves open whether it was executed. */
  send(name: CommandName, args: readonly Argument[], done: Callback): void {
    const commands = this.#client as unknown as Record<string, (...args: unknown[]) => unknown>;
    if (name in SCRIPTS) commands[`${scripted(name)}Buffer`]?.(...args, done);
    else commands[`${name}Buffer`]?.(...args, done);
  }

  /** What is sent until {@link uncork} is written together, for each server. */
  cork(): void {
    for (const { stream } of this.masters()) {
      if (!stream || stream.destroyed) continue;
      stream.cork();
      this.#corked.push(stream);
    }
  }

  uncork(): void {
    for (const stream of this.#corked.splice(0)) stream.uncork();
  }

  /** Gives up connections that do not answer, and makes new ones. */
  reset(): void {
    if (this.#client instanceof Cluster) this.#client.refreshSlotsCache();
    else this.#client.disconnect(true);
  }

  close(): void {
    this.#client.disconnect();
  }
}

function scripted(name: string): string {
  return `weaverd${name}`;
}

function connectionOptions({ username, password, tls }: RedisStoreSpec): RedisOptions {
  return {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    disconnectTimeout: DISCONNECT_MS,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    enableOfflineQueue: false,
    // Servers are looked at by server-watch.ts, within a deadline.
    enableReadyCheck: false,
    disableClientInfo: true,
    keepAlive: 10_000,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
  };
}
