import {
  type BenchApp,
  buildBenchApp,
  type ClientOptions,
  type DeployedClient,
  deployClient,
} from './deployed-client.js';
import type { LoadTarget } from './load.js';

const ECHO: BenchApp = { name: 'echo', component: 'Echo' };

export type EchoOptions = ClientOptions;

export type DeployedEcho = LoadTarget & DeployedClient;

/** Builds the echo app into the folder; what it returns is for `deployEcho`. */
export function buildEcho(folder: string): Promise<string> {
  return buildBenchApp(ECHO, folder);
}

/** A daemon on a state folder of its own that runs the built app: the echo in one proclet, its caller in another. */
export async function deployEcho(
  built: string,
  stateFolder: string,
  options: EchoOptions,
): Promise<DeployedEcho> {
  const deployed = await deployClient(ECHO, built, stateFolder, options);
  return { ...deployed, name: deployed.transport === 'unix' ? 'weaverd, Unix socket' : 'weaverd, TCP' };
}
