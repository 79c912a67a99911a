import type {
  Ingress,
  IngressListenerStatus,
  IngressRoute,
  IngressStatus,
} from '../../ingress/ingress-routes.js';

/** Opens what it is told at once, but for the ports that are taken. */
export class FakeIngress implements Ingress {
  /** Undefined before the first call. */
  routes: readonly IngressRoute[] | undefined;
  readonly taken = new Set<number>();
  closedWith: { readonly stop: boolean } | undefined;
  readonly #listeners: (() => void)[] = [];

  setRoutes(routes: readonly IngressRoute[]): void {
    this.routes = routes;
    for (const listener of this.#listeners) listener();
  }

  status(): IngressStatus {
    return {
      pid: 2,
      rssBytes: 0,
      state: 'serving',
      routesApplied: true,
      listeners: (this.routes ?? []).map((route) => this.#open(route)),
    };
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async close(options: { readonly stop: boolean }): Promise<void> {
    this.closedWith = options;
  }

  #open({ app, listener, host, port, backends }: IngressRoute): IngressListenerStatus {
    const blank = { requestsPerSecond: 0, errorsPerSecond: 0, p50Ms: 0, p99Ms: 0, answers: {}, inFlight: 0 };
    return {
      ...blank,
      app,
      listener,
      url: `http://${host}:${port}`,
      ...(this.taken.has(port) ? { state: 'failed', reason: `port ${port} is taken` } : { state: 'open' }),
      backends: backends.map(({ replica, version, generation }) => ({
        replica,
        version,
        generation,
        inFlight: 0,
        healthy: true,
        draining: false,
      })),
    };
  }
}
