import type { RegisteredComponent } from '../component/registry.js';
import type { Context } from '../context/context.js';
import type { KeySlice } from '../ownership/key-slice.js';
import { HostedComponent } from './hosted-component.js';

/** A component of this process could not be constructed, started or stopped. */
export class LifecycleError extends Error {
  override readonly name = 'LifecycleError';

  constructor(
    readonly component: string,
    phase: 'start' | 'stop',
    reason: unknown,
  ) {
    super(`${component} failed to ${phase}: ${reason instanceof Error ? reason.message : String(reason)}`, {
      cause: reason,
    });
  }
}

export interface HostingOptions {
  readonly context: (component: RegisteredComponent) => Context;
  /** Name of the implementation the manifest chose. */
  readonly implementation: (component: RegisteredComponent) => string | undefined;
  /** Hears again and again, in words, of components whose `start` takes long. */
  readonly onSlowStart: (warning: string) => void;
  /** What this process owns of each component while it runs; undefined where routings tell. */
  readonly owned?: KeySlice;
  /** How often, ms; 5000 by default. */
  readonly slowStartMs?: number;
}

const SLOW_START_MS = 5000;

/** The components that live in this process. */
export class ComponentHost {
  readonly #hosted = new Map<string, HostedComponent>();

  get names(): readonly string[] {
    return [...this.#hosted.keys()];
  }

  hosted(name: string): HostedComponent | undefined {
    return this.#hosted.get(name);
  }

  /**
   * Constructs and starts them all at once, so that they may call each other from `start`: a call waits until its callee
   * serves. Rejects with the LifecycleError of the first that fails.
   */
  async start(components: readonly RegisteredComponent[], options: HostingOptions): Promise<void> {
    const starting = components.map((registered) => {
      const hosted = new HostedComponent(registered);
      this.#hosted.set(registered.name, hosted);
      return hosted;
    });
    const begun = performance.now();
    const watch = setInterval(() => {
      const late = starting.filter(({ state }) => state === 'starting').map(({ name }) => name);
      const seconds = Math.round((performance.now() - begun) / 1000);
      options.onSlowStart(`start() of ${late.join(', ')} has not resolved for ${seconds} s`);
    }, options.slowStartMs ?? SLOW_START_MS);
    try {
      await Promise.all(
        starting.map(async (hosted) => {
          const { registered } = hosted;
          try {
            await hosted.start(
              () => registered.create(options.context(registered), options.implementation(registered)),
              options.owned,
            );
          } catch (reason) {
            throw new LifecycleError(registered.name, 'start', reason);
          }
        }),
      );
    } finally {
      clearInterval(watch);
    }
  }

  /** Refuses new calls to every component. */
  refuse(): void {
    for (const hosted of this.#hosted.values()) hosted.refuse();
  }

  /** Stops them in the reverse order of registration; all are stopped even when one fails, whose error is thrown. */
  async stop(): Promise<void> {
    const failures: LifecycleError[] = [];
    for (const hosted of [...this.#hosted.values()].reverse()) {
      try {
        await hosted.stop();
      } catch (reason) {
        failures.push(new LifecycleError(hosted.name, 'stop', reason));
      }
    }
    const [first] = failures;
    if (first !== undefined) throw first;
  }
}
