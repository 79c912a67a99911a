import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Load, LoadReport, LoadTarget } from '../load.js';
import type { FromPeer, ToPeer } from './peer-messages.js';
import { PEERS, type PeerName } from './peer-names.js';

/** Installing nats-server included. */
const STARTING_MS = 240_000;
const ENDING_MS = 5_000;
/** Beyond the time of a load, which has bounds of its own. */
const LOAD_MARGIN_MS = 30_000;

export interface RunningPeer extends LoadTarget {
  stop(): Promise<void>;
}

/** A peer's server and its client, each in a process. */
export async function startPeer(name: PeerName, folder: string): Promise<RunningPeer> {
  const server = new PeerProcess(name);
  const client = new PeerProcess(name);
  const stop = async () => {
    await Promise.all([client.stop(), server.stop()]);
  };
  try {
    const { serving } = await server.ask({ kind: 'serve', folder }, 'serving', STARTING_MS);
    await client.ask({ kind: 'connect', endpoint: serving.endpoint }, 'connected', STARTING_MS);
    const serverPids = [server.pid, ...(serving.helperPids ?? [])];
    return {
      name: PEERS[name].label,
      stop,
      async run(load: Load): Promise<LoadReport> {
        const limitMs = load.warmUpMs + load.measuredMs + LOAD_MARGIN_MS;
        return (await client.ask({ kind: 'load', load, serverPids }, 'report', limitMs)).report;
      },
    };
  } catch (reason) {
    await stop();
    throw reason;
  }
}

class PeerProcess {
  readonly #name: PeerName;
  readonly #child: ChildProcess;

  constructor(name: PeerName) {
    this.#name = name;
    this.#child = fork(fileURLToPath(new URL('./peer-process.ts', import.meta.url)), [name], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** One question at a time. */
  ask<K extends FromPeer['kind']>(
    message: ToPeer,
    kind: K,
    timeoutMs: number,
  ): Promise<FromPeer & { readonly kind: K }> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const settle = (then: () => void) => {
        clearTimeout(timer);
        child.off('message', onMessage);
        child.off('exit', onExit);
        then();
      };
      const onMessage = (reply: FromPeer) =>
        settle(() => {
          if (reply.kind === kind) resolve(reply as FromPeer & { readonly kind: K });
          else
            reject(
              new Error(reply.kind === 'failed' ? reply.message : `${this.#name} answered ${reply.kind}`),
            );
        });
      const onExit = () => settle(() => reject(new Error(`the process of peer ${this.#name} has ended`)));
      const timer = setTimeout(
        () => settle(() => reject(new Error(`${this.#name} did not ${message.kind} within ${timeoutMs} ms`))),
        timeoutMs,
      );
      child.on('message', onMessage);
      child.on('exit', onExit);
      child.send(message);
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    const timer = setTimeout(() => child.kill('SIGKILL'), ENDING_MS);
    if (child.connected) child.disconnect();
    await exited;
    clearTimeout(timer);
  }
}
