import { setMaxListeners } from 'node:events';
import { connect, type JetStreamClient, type JetStreamManager, type NatsConnection } from 'nats';
import type { NatsConfig } from '../../../config/nats-config.js';
import { BusError, isBusError, STORE_DEADLINE_MS, type Subscription } from '../bus.js';
import type { ObservedState } from '../observed-state.js';
import { connectionOptions } from './connection-options.js';
import type { Deadline } from './deadline.js';
import { natsMessage } from './nats-errors.js';

const RECONNECT_MS = 200;
const RECONNECT_JITTER_MS = 200;
const RETRY_MS = 100;
/** Of one call of JetStream's API, ms. A stream that has no leader yet does not answer: the call is made again soon. */
const MANAGER_TIMEOUT_MS = 600;

/** One connection, from when it was made until it is lost. */
export interface Session {
  readonly connection: NatsConnection;
  readonly jetStream: JetStreamClient;
  readonly manager: JetStreamManager;
  /** Of the server. */
  readonly version: string;
  /** Aborted when it is lost. */
  readonly ended: AbortSignal;
}

export interface NatsLinkOptions {
  readonly config: NatsConfig;
  /** Of this connection, in NATS's own monitoring. */
  readonly name: string;
  readonly state: ObservedState;
  readonly report: (problem: string) => void;
}

/** Keeps one connection to NATS, for ever: makes it anew whenever it is lost, at each of the servers in turn. */
export class NatsLink {
  readonly #options: NatsLinkOptions;
  readonly #followers = new Set<(session: Session) => void>();
  readonly #pauses = new Set<() => void>();
  #isClosed = false;
  readonly #running: Promise<void>;
  #servers: readonly string[];
  #session: Session | undefined;
  #reason = 'not connected yet';

  constructor(options: NatsLinkOptions) {
    this.#options = options;
    this.#servers = shuffled(options.config.servers);
    options.state.become({ kind: 'connecting', reason: this.#reason });
    this.#running = this.#run();
  }

  /** Throws UNAVAILABLE, with the reason, or CLOSED. */
  session(what: string): Session {
    if (this.#isClosed) throw new BusError('CLOSED', `${what}: the bus is closed`);
    if (this.#session === undefined)
      throw new BusError('UNAVAILABLE', `${what}: no connection to NATS: ${this.#reason}`);
    return this.#session;
  }

  get current(): Session | undefined {
    return this.#session;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Hears of each new connection, and at once of the one there is. */
  onSession(follow: (session: Session) => void): Subscription {
    const own = (session: Session) => follow(session);
    this.#followers.add(own);
    if (this.#session !== undefined) own(this.#session);
    return { close: () => void this.#followers.delete(own) };
  }

  /** Resolves after a while, or when the link is closed. */
  pause(ms: number): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      timer.unref();
      this.#pauses.add(end);
    });
  }

  /**
   * Again while the attempt surely did nothing: NATS did not answer a question, or has no leader at present. Not without
   * a connection, nor when time is up.
   */
  async patiently<T>(deadline: Deadline, attempt: () => Promise<T>): Promise<T> {
    for (;;)
      try {
        return await attempt();
      } catch (reason) {
        const mayPass = isBusError(reason, 'UNAVAILABLE') || isBusError(reason, 'TIMEOUT');
        if (!mayPass || this.#session === undefined || deadline.remainingMs < 2 * RETRY_MS) throw reason;
        await this.pause(RETRY_MS);
      }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const end of [...this.#pauses]) end();
    await this.#session?.connection.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.isClosed) {
      const session = await this.#connect();
      if (session !== undefined) await this.#live(session);
      await this.pause(RECONNECT_MS + Math.random() * RECONNECT_JITTER_MS);
    }
  }

  /** Each server once, the one that was lost last. */
  async #connect(): Promise<Session | undefined> {
    const { config, name } = this.#options;
    const failures: string[] = [];
    for (const server of this.#servers) {
      if (this.isClosed) return undefined;
      try {
        const connection = await connect(await connectionOptions(config, server, name));
        this.#servers = [...this.#servers.filter((each) => each !== server), server];
        return sessionOf(connection);
      } catch (reason) {
        failures.push(`${server}: ${natsMessage(reason)}`);
      }
    }
    this.#lost([...new Set(failures)].join('; '));
    return undefined;
  }

  async #live(session: Session): Promise<void> {
    const { connection } = session;
    if (this.isClosed) return connection.close();
    this.#session = session;
    this.#options.state.become({ kind: 'connected' });
    void this.#followErrors(connection);
    for (const follow of [...this.#followers]) follow(session);
    const server = connection.getServer();
    const reason = await connection.closed();
    this.#session = undefined;
    if (!this.isClosed)
      this.#lost(`lost ${server}${reason instanceof Error ? `: ${natsMessage(reason)}` : ''}`);
  }

  #lost(reason: string): void {
    this.#reason = reason;
    this.#options.state.become({ kind: 'connecting', reason });
  }

  async #followErrors(connection: NatsConnection): Promise<void> {
    for await (const { type, data, permissionContext } of connection.status())
      if (type === 'error')
        this.#options.report(
          permissionContext === undefined
            ? `NATS: ${String(data)}`
            : `NATS refuses the ${permissionContext.operation} ${permissionContext.subject}: give this user the permission`,
        );
  }
}

async function sessionOf(connection: NatsConnection): Promise<Session> {
  const ended = new AbortController();
  setMaxListeners(0, ended.signal); // one of each watch
  void connection.closed().then(() => ended.abort());
  return {
    connection,
    jetStream: connection.jetstream({ timeout: STORE_DEADLINE_MS }),
    manager: await connection.jetstreamManager({ timeout: MANAGER_TIMEOUT_MS, checkAPI: false }),
    version: connection.info?.version ?? '',
    ended: ended.signal,
  };
}

function shuffled<T>(values: readonly T[]): readonly T[] {
  return values
    .map((value) => ({ value, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ value }) => value);
}
