import type { ComponentRouting } from '../../sdk/protocol/control.js';

/** Receives one component's routing: now and whenever it changes. */
export type RoutingSubscriber = (routing: ComponentRouting) => void;

interface VersionRouting {
  readonly newest: Map<string, ComponentRouting>;
  readonly subscribers: Map<string, Set<RoutingSubscriber>>;
}

/** The newest routing of each version's components, and who wants to hear of it. */
export class RoutingBoard {
  readonly #versions = new Map<string, VersionRouting>();

  /** Ignores what is not newer than known. */
  publish(app: string, version: string, routing: readonly ComponentRouting[]): void {
    const { newest, subscribers } = this.#of(app, version);
    for (const each of routing) {
      const known = newest.get(each.component);
      if (known !== undefined && known.epoch >= each.epoch) continue;
      newest.set(each.component, each);
      for (const subscriber of subscribers.get(each.component) ?? []) subscriber(each);
    }
  }

  /** No replicas, with epoch 0, while nothing is known. */
  newest(app: string, version: string, component: string): ComponentRouting {
    return (
      this.#versions.get(key(app, version))?.newest.get(component) ?? {
        component,
        epoch: 0,
        replicas: [],
        assignment: undefined,
      }
    );
  }

  /** Returns the function that ends the subscription. */
  subscribe(app: string, version: string, component: string, subscriber: RoutingSubscriber): () => void {
    const { subscribers } = this.#of(app, version);
    const of = subscribers.get(component) ?? new Set();
    subscribers.set(component, of.add(subscriber));
    return () => {
      of.delete(subscriber);
      if (of.size === 0 && subscribers.get(component) === of) subscribers.delete(component);
    };
  }

  /** Forgets all other versions: they run here no more. */
  retain(versions: readonly { readonly app: string; readonly version: string }[]): void {
    const kept = new Set(versions.map(({ app, version }) => key(app, version)));
    for (const each of this.#versions.keys()) {
      if (!kept.has(each)) this.#versions.delete(each);
    }
  }

  #of(app: string, version: string): VersionRouting {
    const known = this.#versions.get(key(app, version));
    if (known !== undefined) return known;
    const made: VersionRouting = { newest: new Map(), subscribers: new Map() };
    this.#versions.set(key(app, version), made);
    return made;
  }
}

function key(app: string, version: string): string {
  return JSON.stringify([app, version]);
}
