import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import {
  CONTROL_PROTOCOL,
  type EnvelopeNotifications,
  type EnvelopeRequests,
  type ProcletNotifications,
  type ProcletRequests,
  type RegisterReplica,
} from '../../sdk/protocol/control.js';
import { ControlChannel, ControlError } from '../../sdk/protocol/control-channel.js';
import type { StateAnswer, StateQuery } from '../../sdk/protocol/state-query.js';
import type { Clock } from '../processes/clock.js';
import { type CheckedMessages, checkMessage } from './control-messages.js';
import type { Envelope } from './envelope.js';
import type { ReplicaAddressed } from './replica-host.js';
import type { RoutingBoard } from './routing-board.js';

/** An address of a Unix socket is no longer than this, bytes. */
export const MAX_SOCKET_PATH_BYTES = 107;

export interface ControlServerOptions {
  readonly socketPath: string;
  readonly clock: Clock;
  readonly routing: RoutingBoard;
  /** What is owned is so while a lease says it: told to the proclets with what they host. */
  readonly leased: boolean;
  /** Time to register, ms. */
  readonly registerWithinMs: number;
  /** How often proclets are asked to send Health, ms. */
  readonly healthIntervalMs: number;
  readonly maxConnections: number;
  /** The envelope of one that may register; rejects with a ControlError otherwise. */
  readonly admit: (register: RegisterReplica) => Promise<Envelope>;
  readonly onRefused: (reason: string) => void;
}

/** Where proclets connect. Nothing that comes in here can harm more than its own connection. */
export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #server: Server;
  readonly #connections = new Set<ProcletConnection>();

  private constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Rejects when the socket cannot be made. A file of that name, left by an earlier daemon, is replaced. */
  static async open(options: ControlServerOptions): Promise<ControlServer> {
    const length = Buffer.byteLength(options.socketPath);
    if (length > MAX_SOCKET_PATH_BYTES) {
      throw new Error(
        `the control socket ${options.socketPath} has a path of ${length} bytes, more than the ${MAX_SOCKET_PATH_BYTES} of a Unix socket: choose a shorter runtime folder`,
      );
    }
    await mkdir(dirname(options.socketPath), { recursive: true, mode: 0o700 });
    await rm(options.socketPath, { force: true });
    const control = new ControlServer(options);
    await new Promise<void>((resolve, reject) => {
      control.#server.once('error', reject);
      control.#server.listen(options.socketPath, resolve);
    });
    control.#server.on('error', (error) => options.onRefused(error.message));
    await chmod(options.socketPath, 0o600);
    return control;
  }

  /** Rejects with a ControlError: the replica's own, NOT_FOUND when it has no connection here, TIMEOUT. */
  askState(of: ReplicaAddressed, query: StateQuery, timeoutMs: number): Promise<StateAnswer> {
    const connection = [...this.#connections].find((each) => each.isOf(of));
    if (connection !== undefined) return connection.askState(query, timeoutMs);
    return Promise.reject(new ControlError('NOT_FOUND', `${of.replica} of ${of.app} does not run here`));
  }

  /** Resolves when the socket is free again. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    await Promise.all([...this.#connections].map((connection) => connection.close()));
    await closed;
  }

  #accept(socket: Socket): void {
    if (this.#connections.size >= this.#options.maxConnections) {
      this.#options.onRefused(`${this.#options.maxConnections} control connections are open already`);
      socket.destroy();
      return;
    }
    const connection = new ProcletConnection(socket, this.#options, () => {
      this.#connections.delete(connection);
    });
    this.#connections.add(connection);
  }
}

type Notified = keyof ProcletNotifications;

class Channel extends ControlChannel<
  EnvelopeRequests,
  EnvelopeNotifications,
  ProcletRequests,
  ProcletNotifications
> {}

/** One control connection, of a proclet or of anything that found the socket. */
export class ProcletConnection {
  readonly #options: ControlServerOptions;
  readonly #channel: Channel;
  readonly #subscriptions = new Map<string, () => void>();
  readonly #ended: () => void;
  #envelope: Envelope | undefined;
  #registering: Promise<unknown> = Promise.resolve();
  #complained = false;
  #refused = false;
  #cancelTimeout: () => void;

  constructor(socket: Socket, options: ControlServerOptions, ended: () => void) {
    this.#options = options;
    this.#ended = ended;
    this.#cancelTimeout = options.clock.after(options.registerWithinMs, () => {
      this.#refuse(`it did not register within ${options.registerWithinMs} ms`);
    });
    this.#channel = new Channel(socket, {
      requests: {
        RegisterReplica: (body) => this.#register(body),
        ComponentsToHost: () => this.#componentsToHost(),
        StartComponent: (body) => this.#startComponent(body),
      },
      notifications: {
        Health: (body) => this.#heard('Health', body, (envelope, health) => envelope.onHealth(health)),
        Load: (body) => this.#heard('Load', body, (envelope, load) => envelope.onLoad(load)),
        ListenerOpened: (body) =>
          this.#heard('ListenerOpened', body, (envelope, opened) => envelope.onListener(opened)),
        OwnershipSettled: (body) =>
          this.#heard('OwnershipSettled', body, (envelope, settled) => envelope.onSettled(settled)),
        Logs: (body) => this.#heard('Logs', body, (envelope, logs) => envelope.onLogs(logs)),
        Traces: (body) => this.#heard('Traces', body, (envelope, traces) => envelope.onTraces(traces)),
        Failed: (body) => this.#heard('Failed', body, (envelope, failed) => envelope.onFailed(failed)),
      },
      closed: (reason) => this.#closed(reason),
    });
  }

  /** What cannot be sent because the proclet does not read ends the connection: it asks again when it is back. */
  send<N extends keyof EnvelopeNotifications & string>(name: N, body: EnvelopeNotifications[N]): void {
    if (!this.#channel.isClosed && !this.#channel.notify(name, body)) void this.close();
  }

  isOf({ app, version, replica }: ReplicaAddressed): boolean {
    const envelope = this.#envelope;
    if (envelope === undefined || !envelope.isLinkedTo(this)) return false;
    const { spec } = envelope;
    return spec.app === app && spec.version === version && spec.replica === replica;
  }

  askState(query: StateQuery, timeoutMs: number): Promise<StateAnswer> {
    return this.#channel.request('State', query, timeoutMs);
  }

  /** Resolves when what was sent is written, or cannot be. */
  close(): Promise<void> {
    return this.#channel.close();
  }

  #register(body: unknown): Promise<ProcletRequests['RegisterReplica']['reply']> {
    const registering = this.#admitted(body);
    this.#registering = registering;
    return registering;
  }

  async #admitted(body: unknown): Promise<ProcletRequests['RegisterReplica']['reply']> {
    try {
      const message = this.#checked('RegisterReplica', body);
      if (message.protocol > CONTROL_PROTOCOL || message.protocol < 1) {
        throw new ControlError(
          'UNSUPPORTED_PROTOCOL',
          `this daemon speaks the control protocol up to ${CONTROL_PROTOCOL}, not ${message.protocol}: upgrade the daemon first`,
        );
      }
      const envelope = await this.#options.admit(message);
      if (this.#channel.isClosed) throw new ControlError('CLOSED', 'this connection is closing');
      if (this.#envelope !== undefined && this.#envelope !== envelope) {
        throw new ControlError('UNAUTHENTICATED', 'this connection is registered as another replica');
      }
      this.#cancelTimeout();
      this.#envelope = envelope;
      envelope.onRegistered(message, this);
      return { healthIntervalMs: this.#options.healthIntervalMs };
    } catch (reason) {
      this.#refuse(reason instanceof Error ? reason.message : String(reason));
      throw reason;
    }
  }

  /** It may be asked before the registration is answered. */
  async #componentsToHost(): Promise<ProcletRequests['ComponentsToHost']['reply']> {
    await this.#registering;
    const { hosting } = this.#registered().spec;
    return this.#options.leased ? { ...hosting, leased: true } : hosting;
  }

  #startComponent(body: unknown): ProcletRequests['StartComponent']['reply'] {
    const { app, version } = this.#registered().spec;
    const { component } = this.#checked('StartComponent', body);
    const { routing } = this.#options;
    if (!this.#subscriptions.has(component)) {
      if (this.#subscriptions.size >= 10_000) {
        throw new ControlError('INTERNAL', 'a proclet may ask for 10000 components at most');
      }
      this.#subscriptions.set(
        component,
        routing.subscribe(app, version, component, (newest) => this.send('Routing', newest)),
      );
    }
    return { routing: routing.newest(app, version, component) };
  }

  #registered(): Envelope {
    if (this.#envelope !== undefined) return this.#envelope;
    this.#refuse('its first request was not RegisterReplica');
    throw new ControlError('UNAUTHENTICATED', 'the first request must be RegisterReplica');
  }

  #checked<M extends keyof CheckedMessages>(method: M, body: unknown): CheckedMessages[M] {
    const checked = checkMessage(method, body);
    if ('message' in checked) return checked.message;
    throw new ControlError('INTERNAL', `malformed ${checked.wrong}`);
  }

  #heard<N extends Notified>(
    name: N,
    body: unknown,
    tell: (envelope: Envelope, message: CheckedMessages[N]) => void,
  ): void {
    const envelope = this.#envelope;
    if (envelope === undefined || !envelope.isLinkedTo(this)) return;
    const checked = checkMessage(name, body);
    if ('message' in checked) return tell(envelope, checked.message);
    if (this.#complained) return;
    this.#complained = true;
    this.#options.onRefused(`${envelope.spec.replica} sent a malformed ${checked.wrong}`);
  }

  /** Ends the connection once the answer, which says why, is on its way. */
  #refuse(reason: string): void {
    this.#cancelTimeout();
    if (this.#refused) return;
    this.#refused = true;
    this.#options.onRefused(reason);
    setImmediate(() => void this.close());
  }

  #closed(reason: Error | undefined): void {
    this.#cancelTimeout();
    for (const unsubscribe of this.#subscriptions.values()) unsubscribe();
    this.#subscriptions.clear();
    if (reason instanceof ControlError) this.#options.onRefused(reason.message);
    this.#envelope?.onUnlinked(this);
    this.#ended();
  }
}
