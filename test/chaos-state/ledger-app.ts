import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DaemonStatus, ReplicaStatus } from '../../daemon/api/api-types.js';
import { REPOSITORY } from '../support/weaverd.js';

const APP = 'ledger';

export interface LedgerManifest {
  readonly port: number;
  /** Where the listener is; loopback by default. */
  readonly host?: string;
  /** Of the component that keeps the state. */
  readonly ledgers: number;
  /** Of the component that serves clients. */
  readonly gates: number;
  /** Another one makes another version. */
  readonly revision: number;
}

/** Writes the manifest of test/fixtures/ledger, and gives its path. */
export async function writeManifest(folder: string, manifest: LedgerManifest): Promise<string> {
  const { port, host = '127.0.0.1', ledgers, gates, revision } = manifest;
  const path = join(folder, 'weaver.toml');
  const entry = JSON.stringify(join(REPOSITORY, 'test/fixtures/ledger/main.ts'));
  const lines = [
    `name = "${APP}"`,
    `entry = ${entry}`,
    `[listeners.ledger]\nhost = "${host}"\nport = ${port}`,
    `[components.Ledger]\nreplicas = ${ledgers}`,
    `[components.Gate]\nreplicas = ${gates}`,
    '[calls]\ntimeout = "3s"',
    `[env]\nREVISION = "${revision}"`,
    '',
  ];
  await writeFile(path, lines.join('\n'));
  return path;
}

/** The replicas that keep the state, of whichever version, that have a process. */
export function ledgersOf(status: DaemonStatus): readonly (ReplicaStatus & { readonly pid: number })[] {
  return status.apps
    .filter(({ app }) => app === APP)
    .flatMap(({ groups }) => groups)
    .filter(({ components }) => components.includes('Ledger'))
    .flatMap(({ replicas }) => replicas)
    .flatMap((replica) => (replica.pid === undefined ? [] : [{ ...replica, pid: replica.pid }]));
}
