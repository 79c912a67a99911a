import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ApiBackend } from '../../daemon/api/backend.js';
import { serveApi } from '../../daemon/api/server.js';
import { apiSocketOf } from '../../daemon/state/state-folder.js';
import { daemonStatus } from './sample-status.js';

export interface FakeDaemon {
  readonly stateFolder: string;
  close(): Promise<void>;
}

/** The real API server on a Unix socket, with answers of the spec's choice behind it. */
export async function fakeDaemon(given: Partial<ApiBackend>): Promise<FakeDaemon> {
  const stateFolder = await mkdtemp(join(tmpdir(), 'wd-'));
  const socket = apiSocketOf(stateFolder);
  await mkdir(dirname(socket), { recursive: true });
  const status = daemonStatus({ stateFolder });
  const unexpected = (what: string) => {
    throw new Error(`the spec gives no answer for ${what}`);
  };
  const backend: ApiBackend = {
    status: async () => status,
    app: async (app) => status.apps.find((each) => each.app === app),
    artifact: () => unexpected('artifact'),
    putArtifactFile: () => unexpected('putArtifactFile'),
    deploy: () => unexpected('deploy'),
    stop: () => unexpected('stop'),
    history: () => unexpected('history'),
    hosts: async () => ({ cluster: undefined, leader: undefined, hosts: [] }),
    changeHost: () => unexpected('changeHost'),
    doctor: () => unexpected('doctor'),
    plan: () => unexpected('plan'),
    routing: () => unexpected('routing'),
    logs: () => unexpected('logs'),
    followLogs: () => unexpected('followLogs'),
    traces: () => unexpected('traces'),
    events: () => unexpected('events'),
    followEvents: () => unexpected('followEvents'),
    state: () => unexpected('state'),
    shutdown: () => unexpected('shutdown'),
    ...given,
  };
  const server = await serveApi(socket, backend, () => {});
  return {
    stateFolder,
    close: async () => {
      await server.close();
      await rm(stateFolder, { recursive: true, force: true });
    },
  };
}
