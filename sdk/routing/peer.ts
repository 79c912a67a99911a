import { RemoteCallError } from '../errors/remote-call-error.js';
import type { RoutedReplica } from '../protocol/control.js';
import type { ClientConnection } from '../transport/transport.js';
import { type Backoff, backoffMs } from './backoff.js';
import type { Candidate } from './balancer.js';

/** Opens a connection to a replica; rejects with a RemoteCallError. */
export type Dial = (replica: RoutedReplica, signal: AbortSignal) => Promise<ClientConnection>;

type State =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'connecting';
      readonly connection: Promise<ClientConnection>;
      readonly abort: AbortController;
      readonly since: number;
    }
  | { readonly kind: 'open'; readonly connection: ClientConnection }
  /** It could not be reached; not tried again before `until` while others are there. */
  | { readonly kind: 'ejected'; readonly until: number; readonly reason: RemoteCallError }
  /** No longer routed to: its last calls finish. */
  | { readonly kind: 'retired' };

const EJECTION: Backoff = { firstMs: 50, capMs: 2000 };
/** A connection that takes longer to open is not waited for while another replica is there. */
export const PATIENCE_MS = 500;

/** One replica that calls go to, and the connection to it: opened when first needed, opened again when lost. */
export class Peer implements Candidate {
  #state: State = { kind: 'idle' };
  #failures = 0;

  constructor(
    readonly routed: RoutedReplica,
    private readonly dial: Dial,
    private readonly random: () => number,
    private readonly now: () => number,
  ) {}

  get load(): number {
    return this.#state.kind === 'open' ? this.#state.connection.load : 0;
  }

  /** To be passed over while others are there: out of reach, or not known to be in reach again. */
  get ejected(): boolean {
    const state = this.#state;
    switch (state.kind) {
      case 'open':
        return state.connection.silent;
      case 'connecting':
        return this.#failures > 0 || this.now() - state.since >= PATIENCE_MS;
      default:
        return this.unreachable;
    }
  }

  /** It is not even tried at present. */
  get unreachable(): boolean {
    return this.#state.kind === 'ejected' && this.now() < this.#state.until;
  }

  /** The open connection when there is one: the way of nearly every call. */
  get open(): ClientConnection | undefined {
    return this.#state.kind === 'open' && this.#state.connection.state === 'open'
      ? this.#state.connection
      : undefined;
  }

  /** Rejects with a RemoteCallError, not executed. */
  connect(): Promise<ClientConnection> {
    const state = this.#state;
    switch (state.kind) {
      case 'open':
        return Promise.resolve(state.connection);
      case 'connecting':
        return state.connection;
      case 'retired':
        return Promise.reject(
          new RemoteCallError('UNAVAILABLE', 'the replica is gone', {
            replica: this.routed.replica,
            executed: 'no',
          }),
        );
      case 'ejected':
        if (this.unreachable) return Promise.reject(state.reason);
        return this.#connect();
      case 'idle':
        return this.#connect();
    }
  }

  #connect(): Promise<ClientConnection> {
    const abort = new AbortController();
    const connection = this.dial(this.routed, abort.signal).then(
      (opened) => {
        if (this.#state.kind === 'retired') {
          opened.close();
          throw new RemoteCallError('UNAVAILABLE', 'the replica is gone', {
            replica: this.routed.replica,
            executed: 'no',
          });
        }
        this.#failures = 0;
        this.#state = { kind: 'open', connection: opened };
        opened.onStateChange((_state, reason) => this.#onLost(opened, reason));
        return opened;
      },
      (reason: unknown) => {
        throw this.#eject(
          RemoteCallError.from(reason, 'UNAVAILABLE', { replica: this.routed.replica, executed: 'no' }),
        );
      },
    );
    connection.catch(() => {}); // whoever awaits it hears; there may be nobody left
    this.#state = { kind: 'connecting', connection, abort, since: this.now() };
    return connection;
  }

  #onLost(lost: ClientConnection, reason: Error | undefined): void {
    if (this.#state.kind !== 'open' || this.#state.connection !== lost) return;
    this.#eject(
      new RemoteCallError(
        'UNAVAILABLE',
        reason === undefined ? 'the replica is shutting down' : `the connection was lost: ${reason.message}`,
        {
          replica: this.routed.replica,
          executed: 'no',
          cause: reason,
        },
      ),
    );
  }

  #eject(reason: RemoteCallError): RemoteCallError {
    if (this.#state.kind === 'retired') return reason;
    this.#failures++;
    this.#state = {
      kind: 'ejected',
      until: this.now() + backoffMs(EJECTION, this.#failures, this.random),
      reason,
    };
    return reason;
  }

  /** Calls in flight finish; after `graceMs` what is left fails. */
  retire(graceMs: number): void {
    const state = this.#state;
    this.#state = { kind: 'retired' };
    if (state.kind === 'connecting') state.abort.abort();
    if (state.kind === 'open') void state.connection.drain(graceMs);
  }
}
