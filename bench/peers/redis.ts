import { Redis } from 'ioredis';
import { isYcsb } from '../operation.js';
import { loadRecords, type RecordStore, ycsbCall } from '../ycsb/workload.js';
import type { Peer } from './peer.js';
import { redisServer } from './redis-server.js';

/** Records as strings, GET and SET by ioredis with auto-pipelining over a Unix socket: Redis at its best settings for them. */
export const redisAlways = peerWith('always');
export const redisEverysec = peerWith('everysec');

function peerWith(appendFsync: 'always' | 'everysec'): Peer {
  return {
    async serve(folder) {
      const { socketPath, pid } = await redisServer(folder, appendFsync);
      return { endpoint: socketPath, helperPids: [pid] };
    },
    async connect(path) {
      const store = new RedisRecords(path);
      const scripted: RecordStore = {
        read: (key) => store.read(key),
        update: (key, record) => store.update(key, record),
        modify: (key, at, field) => store.modifyByScript(key, at, field),
      };
      await loadRecords(store);
      return {
        call: (operation) =>
          isYcsb(operation)
            ? ycsbCall(operation === 'ycsb-f-script' ? scripted : store, operation)
            : undefined,
      };
    },
  };
}

/** What makes a read-modify-write one step for Redis, which runs it: the peer of a method that runs at the record's owner. */
const MODIFY = `
local record = redis.call('GET', KEYS[1])
if not record then return false end
local at = tonumber(ARGV[1])
record = record:sub(1, at) .. ARGV[2] .. record:sub(at + #ARGV[2] + 1)
redis.call('SET', KEYS[1], record)
return record`;

interface Scripted {
  modifyRecord(key: string, at: number, field: string): Promise<string | null>;
}

export class RedisRecords implements RecordStore {
  readonly #path: string;
  readonly #shared: Redis & Scripted;
  /** What a connection watches is its own: each read-modify-write in flight has one, and they are used again. */
  readonly #idle: Redis[] = [];
  readonly #connections: Redis[] = [];

  constructor(path: string) {
    this.#path = path;
    const shared = new Redis({ path, enableAutoPipelining: true });
    shared.defineCommand('modifyRecord', { numberOfKeys: 1, lua: MODIFY });
    this.#shared = shared as Redis & Scripted;
    this.#connections.push(shared);
  }

  async read(key: string): Promise<string | undefined> {
    return (await this.#shared.get(key)) ?? undefined;
  }

  update(key: string, record: string): Promise<unknown> {
    return this.#shared.set(key, record);
  }

  /** Two round trips, and two more for each time that somebody else wrote in between. */
  async modify(key: string, at: number, field: string): Promise<string | undefined> {
    const connection = this.#idle.pop() ?? this.#connect();
    try {
      for (;;) {
        const watched = await connection.pipeline().watch(key).get(key).exec();
        const record = watched?.[1]?.[1];
        if (typeof record !== 'string') return undefined;
        const changed = record.slice(0, at) + field + record.slice(at + field.length);
        const written = await connection.multi().set(key, changed).exec();
        if (written !== null) return changed;
      }
    } finally {
      this.#idle.push(connection);
    }
  }

  async modifyByScript(key: string, at: number, field: string): Promise<string | undefined> {
    return (await this.#shared.modifyRecord(key, at, field)) ?? undefined;
  }

  close(): void {
    for (const connection of this.#connections) connection.disconnect();
  }

  #connect(): Redis {
    const connection = new Redis({ path: this.#path });
    this.#connections.push(connection);
    return connection;
  }
}
