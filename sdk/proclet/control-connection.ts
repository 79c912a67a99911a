import { connect } from 'node:net';
import type {
  ComponentRouting,
  ComponentsToHostReply,
  EnvelopeNotifications,
  EnvelopeRequests,
  OwnershipLease,
  ProcletNotifications,
  ProcletRequests,
  RegisterReplica,
  Shutdown,
} from '../protocol/control.js';
import { ControlChannel, ControlError } from '../protocol/control-channel.js';
import type { StateAnswer, StateQuery } from '../protocol/state-query.js';
import { type Backoff, backoffMs } from '../routing/backoff.js';

class Channel extends ControlChannel<
  ProcletRequests,
  ProcletNotifications,
  EnvelopeRequests,
  EnvelopeNotifications
> {}

const RECONNECT: Backoff = { firstMs: 50, capMs: 1000 };
const REQUEST_TIMEOUT_MS = 10_000;
/** Refusals that no later try will change: this process is not wanted. */
const FINAL = new Set(['UNAUTHENTICATED', 'STALE_GENERATION', 'UNSUPPORTED_PROTOCOL', 'NOT_FOUND']);

export interface ControlEvents {
  routing(routing: ComponentRouting): void;
  lease(lease: OwnershipLease): void;
  shutdown(request: Shutdown): void;
  state(query: StateQuery): Promise<StateAnswer>;
  /** Registered, for the first time or again. */
  registered(healthIntervalMs: number): void;
  /** Once, after the first `registered`. */
  hosting(hosting: ComponentsToHostReply): void;
  /** The envelope knows no such replica: another generation runs in its place, or it is to be gone. */
  unwanted(reason: ControlError): void;
}

/** The proclet's connection to its envelope: kept up for ever, since a restarted daemon is found by it. */
export class ControlConnection {
  readonly #subscribed = new Set<string>();
  #channel: Channel | undefined;
  #attempt = 0;
  #timer: NodeJS.Timeout | undefined;
  #hostingKnown = false;
  #closed = false;

  constructor(
    private readonly socketPath: string,
    /** As of now: a re-registration tells what is hosted by then. */
    private readonly registration: () => RegisterReplica,
    private readonly events: ControlEvents,
  ) {}

  open(): void {
    if (this.#closed) return;
    const socket = connect(this.socketPath);
    const channel = new Channel(socket, {
      requests: { State: (query) => this.events.state(query) },
      notifications: {
        Routing: (routing) => this.events.routing(routing),
        OwnershipLease: (lease) => this.events.lease(lease),
        Shutdown: (request) => this.events.shutdown(request),
      },
      closed: () => this.#onClosed(channel),
    });
    socket.once('connect', () => void this.#register(channel));
  }

  async #register(channel: Channel): Promise<void> {
    try {
      const registered = channel.request('RegisterReplica', this.registration(), REQUEST_TIMEOUT_MS);
      if (!this.#hostingKnown) void this.#askForHosting(channel);
      const { healthIntervalMs } = await registered;
      this.#attempt = 0;
      this.#channel = channel;
      this.events.registered(healthIntervalMs);
      for (const component of this.#subscribed) void this.#subscribe(channel, component);
    } catch (reason) {
      void channel.close();
      if (reason instanceof ControlError && FINAL.has(reason.code)) {
        void this.close();
        this.events.unwanted(reason);
      }
    }
  }

  #onClosed(channel: Channel): void {
    if (this.#channel === channel) this.#channel = undefined;
    if (this.#closed || this.#timer !== undefined) return;
    this.#attempt++;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.open();
      },
      backoffMs(RECONNECT, this.#attempt, Math.random),
    );
  }

  /** Asked for with the registration, and until it is answered. */
  async #askForHosting(channel: Channel): Promise<void> {
    try {
      const hosting = await channel.request('ComponentsToHost', {}, REQUEST_TIMEOUT_MS);
      if (this.#hostingKnown) return;
      this.#hostingKnown = true;
      this.events.hosting(hosting);
    } catch {
      void channel.close(); // refused with its registration, or lost: a new connection asks again
    }
  }

  /** Asks for the component and its routing, now and after every reconnection. */
  subscribe(component: string): void {
    if (this.#subscribed.has(component)) return;
    this.#subscribed.add(component);
    if (this.#channel !== undefined) void this.#subscribe(this.#channel, component);
  }

  async #subscribe(channel: Channel, component: string): Promise<void> {
    try {
      const { routing } = await channel.request('StartComponent', { component }, REQUEST_TIMEOUT_MS);
      this.events.routing(routing);
    } catch {
      // Without routing the component's callers wait and time out by name; a new connection asks again.
      void channel.close();
    }
  }

  /** False when there is no connection, or it does not drain. */
  notify<N extends keyof ProcletNotifications>(notification: N, body: ProcletNotifications[N]): boolean {
    return this.#channel?.notify(notification, body) ?? false;
  }

  /** Resolves when what was notified is written. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#channel?.close();
  }
}
