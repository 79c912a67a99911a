import type { WireRoute } from './ingress-protocol.js';
import type { IngressListenerStatus } from './ingress-routes.js';
import { type ListenerOptions, PublicListener } from './public-listener.js';

/** All listeners of the ingress process. */
export class ListenerSet {
  readonly #options: ListenerOptions;
  readonly #listeners = new Map<string, PublicListener>();
  /** Those that drain, and when they have. */
  readonly #closing = new Map<PublicListener, Promise<void>>();

  constructor(options: Omit<ListenerOptions, 'ownerOf'>) {
    this.#options = {
      ...options,
      ownerOf: (host, port) =>
        [...this.#listeners.values()].find((listener) => listener.has(host, port))?.name,
    };
  }

  /** Opens what is new, changes what is there, and drains what is no longer named. */
  setRoutes(routes: readonly WireRoute[]): void {
    const named = new Set<string>();
    const opening: PublicListener[] = [];
    for (const route of routes) {
      const key = `${route.app}/${route.listener}`;
      named.add(key);
      const known = this.#listeners.get(key);
      if (known?.serves(route)) {
        known.setRoute(route);
        continue;
      }
      if (known !== undefined) this.#close(known, this.#options.limits.drainMs);
      const listener = new PublicListener(route, this.#options);
      this.#listeners.set(key, listener);
      opening.push(listener);
    }
    for (const [key, listener] of this.#listeners) {
      if (named.has(key)) continue;
      this.#listeners.delete(key);
      this.#close(listener, this.#options.limits.drainMs);
    }
    // Last, so that a port may pass from one listener to another.
    for (const listener of opening) listener.open();
    this.#options.onChange();
  }

  status(): IngressListenerStatus[] {
    return [...this.#listeners.values(), ...this.#closing.keys()].map((listener) => listener.status());
  }

  /** Requests and tunnels under way. */
  get inFlight(): number {
    let count = 0;
    for (const { counters } of this.#listeners.values()) count += counters.inFlight;
    return count;
  }

  /** Ends the counters' window of the last `elapsedMs`. */
  rotate(elapsedMs: number): void {
    for (const { counters } of this.#listeners.values()) counters.rotate(elapsedMs);
  }

  /** Resolves when nothing is in flight any more, after `drainMs` at the latest. */
  async close(drainMs: number): Promise<void> {
    for (const listener of this.#listeners.values()) this.#close(listener, drainMs);
    this.#listeners.clear();
    await Promise.all(this.#closing.values());
  }

  #close(listener: PublicListener, drainMs: number): void {
    const closed = listener.close(drainMs).finally(() => {
      this.#closing.delete(listener);
      this.#options.onChange();
    });
    this.#closing.set(listener, closed);
  }
}
