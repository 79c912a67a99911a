import type { NatsConnection } from 'nats';
import { BusError } from '../bus.js';

/** What may be on the way to the server without its having said that it came, bytes. */
const MAX_UNCONFIRMED_BYTES = 32 * 1024 * 1024;
/** Of a message besides its body, about. */
const OVERHEAD_BYTES = 128;

/** Bounds what the client buffers for a server that is slow: by pings behind what was sent, one at a time. */
export class OutboundWindow {
  readonly #connection: NatsConnection;
  #unconfirmed = 0;
  #isAsking = false;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  /** Throws OVERLOADED, or else counts it as sent. */
  take(what: string, bytes: number): void {
    if (this.#unconfirmed >= MAX_UNCONFIRMED_BYTES)
      throw new BusError(
        'OVERLOADED',
        `${what}: ${MAX_UNCONFIRMED_BYTES} bytes are on their way to NATS already`,
      );
    this.#unconfirmed += bytes + OVERHEAD_BYTES;
    if (!this.#isAsking) queueMicrotask(() => void this.#ask());
    this.#isAsking = true;
  }

  async #ask(): Promise<void> {
    try {
      while (this.#unconfirmed > 0) {
        const sent = this.#unconfirmed;
        await this.#connection.flush();
        this.#unconfirmed -= sent;
      }
    } catch {
      // The connection was lost, and this window with it.
    } finally {
      this.#isAsking = false;
    }
  }
}
