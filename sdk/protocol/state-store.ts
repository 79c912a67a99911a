/** The store that a daemon gives to the proclets for their components' state. In the spec file (mode 0600), for its secrets. */
export type StateStoreSpec = RedisStoreSpec;

export interface RedisStoreSpec {
  readonly kind: 'redis';
  readonly at: RedisPlace;
  readonly username?: string | undefined;
  /** Secret. */
  readonly password?: string | undefined;
  readonly tls?: RedisTls | undefined;
  /** Before each key that is written. No braces, which would say what is in one slot of a cluster. */
  readonly keyPrefix: string;
  /** Bytes of values that a process keeps in memory for each component, at most. */
  readonly cacheBytes: number;
}

/** One server; the master that Sentinels know by a name; or a cluster, of which some nodes are known. */
export type RedisPlace =
  | { readonly kind: 'standalone'; readonly server: RedisServer; readonly database: number }
  | {
      readonly kind: 'sentinel';
      readonly sentinels: readonly RedisServer[];
      readonly name: string;
      readonly database: number;
    }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisServer[] };

export interface RedisServer {
  readonly host: string;
  readonly port: number;
}

/** PEM, as text. */
export interface RedisTls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  /** Secret. */
  readonly key?: string | undefined;
}
