import { connect } from 'node:net';
import type { Logs } from '../../sdk/protocol/control.js';
import { ControlChannel, ControlError } from '../../sdk/protocol/control-channel.js';
import { backoffMs } from './backoff.js';
import {
  INGRESS_PROTOCOL,
  type IngressNotifications,
  type IngressRequests,
  type IngressSpec,
  type KeeperNotifications,
  type KeeperRequests,
  type Routes,
  type Status,
} from './ingress-protocol.js';
import type { IngressClock, IngressListenerStatus } from './ingress-routes.js';

class Channel extends ControlChannel<
  IngressRequests,
  IngressNotifications,
  KeeperRequests,
  KeeperNotifications
> {}

export interface DaemonLinkOptions {
  readonly spec: IngressSpec;
  readonly clock: IngressClock;
  readonly random: () => number;
  readonly listeners: () => readonly IngressListenerStatus[];
  readonly onRegistered: () => void;
  readonly onLost: () => void;
  readonly onRoutes: (routes: Routes) => void;
  /** The daemon wants this process to go, or has another in its place. */
  readonly onShutdown: (graceMs: number) => void;
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void;
}

const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2_000;
const REGISTER_TIMEOUT_MS = 5_000;
/** For a process whose place another has taken. */
const REPLACED_GRACE_MS = 10_000;

/** The connection to the daemon, made again and again for as long as this process lives. */
export class DaemonLink {
  readonly #options: DaemonLinkOptions;
  #channel: Channel | undefined;
  #registered = false;
  #attempts = 0;
  #cancelRetry: (() => void) | undefined;
  #closed = false;

  constructor(options: DaemonLinkOptions) {
    this.#options = options;
  }

  connect(): void {
    const socket = connect({ path: this.#options.spec.controlSocket });
    // Until there is a channel, which then hears of errors itself.
    const retry = () => this.#retry();
    socket.once('error', retry);
    socket.once('connect', () => {
      socket.off('error', retry);
      const channel = new Channel(socket, {
        requests: { Ping: () => ({ rssBytes: process.memoryUsage.rss() }) },
        notifications: {
          Routes: (routes) => this.#options.onRoutes(routes),
          Shutdown: ({ graceMs }) => this.#options.onShutdown(graceMs),
        },
        closed: () => {
          this.#channel = undefined;
          this.#registered = false;
          this.#options.onLost();
          this.#retry();
        },
      });
      this.#channel = channel;
      void this.#register(channel);
    });
  }

  /** False when no daemon took it. */
  sendStatus(status: Status): boolean {
    return this.#registered && this.#channel?.notify('Status', status) === true;
  }

  sendLogs(logs: Logs): boolean {
    return this.#registered && this.#channel?.notify('Logs', logs) === true;
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
    this.#channel?.close();
  }

  async #register(channel: Channel): Promise<void> {
    const { spec, listeners } = this.#options;
    try {
      await channel.request(
        'Register',
        {
          protocol: INGRESS_PROTOCOL,
          token: spec.token,
          pid: process.pid,
          rssBytes: process.memoryUsage.rss(),
          listeners: listeners(),
        },
        REGISTER_TIMEOUT_MS,
      );
      this.#registered = true;
      this.#attempts = 0;
      this.#options.onRegistered();
    } catch (reason) {
      const code = reason instanceof ControlError ? reason.code : 'INTERNAL';
      if (code !== 'CLOSED') {
        const message = reason instanceof Error ? reason.message : String(reason);
        this.#options.log('warn', `the daemon refused this ingress: ${message} (${code})`);
      }
      if (code === 'UNAUTHENTICATED') this.#options.onShutdown(REPLACED_GRACE_MS);
      channel.close();
    }
  }

  #retry(): void {
    if (this.#closed) return;
    const delay = backoffMs(++this.#attempts, RETRY_FIRST_MS, RETRY_MAX_MS, this.#options.random);
    this.#cancelRetry = this.#options.clock.after(delay, () => this.connect());
  }
}
