import type { Beside } from '../load.js';
import type { Operation, StreamOperation } from '../operation.js';

/** One way to call a method in another process. Server and client run in a process each. */
export interface Peer {
  /** Listens on loopback, or in the folder. */
  serve(folder: string): Promise<Serving>;
  connect(endpoint: string): Promise<PeerClient>;
}

export interface Serving {
  /** For `connect`. */
  readonly endpoint: string;
  /** Processes of its own, beside the serving one. */
  readonly helperPids?: readonly number[];
}

/** A call in the style in which the peer is fastest, so that no wrapper is measured. */
export type Call =
  | { readonly kind: 'promise'; call(): Promise<unknown> }
  | { readonly kind: 'callback'; call(done: (failure: unknown, answer: unknown) => void): void };

export interface PeerClient {
  /** Undefined when the peer is not measured with it. */
  call(operation: Operation): Call | undefined;
  /** Reads a stream until `onItem` says false, or the signal aborts. */
  stream?(operation: StreamOperation, onItem: (bytes: number) => boolean): Promise<void>;
  /** Goes on until the signal aborts. */
  readonly beside?: Readonly<Record<Beside, (signal: AbortSignal) => Promise<void>>>;
}
