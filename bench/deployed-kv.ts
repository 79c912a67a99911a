import { type BenchApp, buildBenchApp, type DeployedClient, deployClient } from './deployed-client.js';
import type { LoadTarget } from './load.js';

const KV: BenchApp = { name: 'kv', component: 'Store' };

export interface KvOptions {
  readonly durability: 'always' | 'everysec';
}

export type DeployedKv = LoadTarget & DeployedClient;

export function buildKv(folder: string): Promise<string> {
  return buildBenchApp(KV, folder);
}

/** The example's store, full of records, in one proclet, and its caller in another. */
export async function deployKv(
  built: string,
  stateFolder: string,
  { durability }: KvOptions,
): Promise<DeployedKv> {
  const deployed = await deployClient(KV, built, stateFolder, { manifest: { state: { durability } } });
  return { ...deployed, name: `weaverd, ${durability}` };
}
