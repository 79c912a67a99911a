interface NamedPeer {
  /** The one beside this that exports the peer, under the peer's name. */
  readonly module: string;
  readonly label: string;
}

export const PEERS = {
  rawUnix: { module: './raw.js', label: 'raw echo, Unix socket' },
  rawTcp: { module: './raw.js', label: 'raw echo, TCP' },
  grpc: { module: './grpc.js', label: 'grpc-js' },
  moleculer: { module: './moleculer.js', label: 'Moleculer TCP' },
  nest: { module: './nest.js', label: 'NestJS TCP' },
  nats: { module: './nats.js', label: 'NATS request/reply' },
  http: { module: './http.js', label: 'HTTP, undici' },
  redisAlways: { module: './redis.js', label: 'redis, always' },
  redisEverysec: { module: './redis.js', label: 'redis, everysec' },
  timers: { module: './timers.js', label: 'timers only' },
} as const satisfies Readonly<Record<string, NamedPeer>>;

export type PeerName = keyof typeof PEERS;
