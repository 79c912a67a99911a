import { dirname } from 'node:path';
import { type BenchApp, buildBenchApp, type DeployedClient, deployClient } from './deployed-client.js';
import type { LoadTarget } from './load.js';
import { redisServer } from './peers/redis-server.js';

const KV: BenchApp = { name: 'kv', component: 'Store' };

/** All records, as the file driver has them. */
const CACHE_SIZE = '256MiB';

export interface KvOptions {
  readonly durability: 'always' | 'everysec';
  /** Where its state is kept: in a Redis of its own, or in files. */
  readonly store: 'file' | 'redis';
}

export type DeployedKv = LoadTarget & DeployedClient;

export function buildKv(folder: string): Promise<string> {
  return buildBenchApp(KV, folder);
}

/** The example's store, full of records, in one proclet, and its caller in another. */
export async function deployKv(
  built: string,
  stateFolder: string,
  { durability, store }: KvOptions,
): Promise<DeployedKv> {
  const manifest = { state: { durability } };
  if (store === 'file') {
    const deployed = await deployClient(KV, built, stateFolder, { manifest });
    return { ...deployed, name: `weaverd, ${durability}` };
  }
  const server = await redisServer(dirname(stateFolder), durability);
  try {
    const deployed = await deployClient(KV, built, stateFolder, {
      manifest,
      redis: { url: `redis://127.0.0.1:${server.port}`, cacheSize: CACHE_SIZE },
      helperPids: [server.pid],
    });
    const stop = () => deployed.stop().finally(() => server.stop());
    return { ...deployed, stop, name: `weaverd on redis, ${durability}` };
  } catch (reason) {
    await server.stop();
    throw reason;
  }
}
