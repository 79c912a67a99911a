import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { stopWhenInterrupted } from '../interruption.js';
import { SERVICE_NAMES, type ServiceName, socketOf } from './services.js';

const STARTING_MS = 30_000;
const ENDING_MS = 5_000;

export interface GrpcBoutique {
  readonly socketPath: string;
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/** Eleven services in eleven processes, each the same bundle; their sockets are in the folder. */
export async function startGrpcBoutique(folder: string): Promise<GrpcBoutique> {
  const bundle = join(folder, 'service.cjs');
  await build({
    entryPoints: [fileURLToPath(new URL('./service.ts', import.meta.url))],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['@grpc/grpc-js', 'pino', 'protobufjs'],
    alias: { weaverd: fileURLToPath(new URL('./weaverd-stand-in.ts', import.meta.url)) },
    logLevel: 'error',
  });
  const services = SERVICE_NAMES.map((name) => startService(name, bundle, folder));
  const stop = async () => {
    await Promise.all(services.map(({ child }) => end(child)));
  };
  try {
    await Promise.all(services.map(({ serving }) => serving));
  } catch (reason) {
    await stop();
    throw reason;
  }
  const forget = stopWhenInterrupted({ stop });
  return {
    socketPath: socketOf(folder, 'Frontend'),
    pids: services.flatMap(({ child }) => child.pid ?? []),
    stop: () => stop().finally(forget),
  };
}

interface Service {
  readonly child: ChildProcess;
  readonly serving: Promise<void>;
}

/** Its log goes nowhere, which costs least. */
function startService(name: ServiceName, bundle: string, folder: string): Service {
  const child = fork(bundle, [name, folder], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      ...process.env,
      NODE_ENV: 'production',
      NODE_PATH: fileURLToPath(new URL('../../node_modules', import.meta.url)),
    },
    execArgv: [],
  });
  const serving = new Promise<void>((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error(`the gRPC service ${name} does not serve after ${STARTING_MS} ms`)),
      STARTING_MS,
    );
    child.once('message', () => {
      clearTimeout(late);
      resolve();
    });
    child.once('exit', (code) => {
      clearTimeout(late);
      reject(new Error(`the gRPC service ${name} ended with ${code}`));
    });
  });
  return { child, serving };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const late = setTimeout(() => child.kill('SIGKILL'), ENDING_MS);
  if (child.connected) child.disconnect();
  await exited;
  clearTimeout(late);
}
