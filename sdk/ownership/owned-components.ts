import type { Logger } from 'pino';
import type { HostedComponent } from '../hosting/hosted-component.js';
import type { ComponentRouting, OwnershipLease, OwnershipSettled } from '../protocol/control.js';
import type { Clock } from '../transport/clock.js';
import { ComponentOwnership } from './component-ownership.js';
import { keySlice } from './key-slice.js';
import { ENDLESS, monotonicOffset, RenewedLease } from './lease.js';
import type { Self } from './slice-ranges.js';

export interface OwnedComponentsOptions {
  readonly self: Self;
  readonly clock: Clock;
  readonly hosted: (component: string) => HostedComponent | undefined;
  /** Returns whether it was sent. */
  readonly settled: (settled: OwnershipSettled) => boolean;
  readonly log: (component: string) => Logger;
}

/** The components of this process whose keys have one owner at a time, and what it owns of each. */
export class OwnedComponents {
  readonly #options: OwnedComponentsOptions;
  readonly #lease: RenewedLease;
  readonly #offset: number;
  readonly #components = new Map<string, ComponentOwnership>();
  /** Components whose newest settled epoch could not be said. */
  readonly #unsaid = new Set<string>();

  constructor(options: OwnedComponentsOptions) {
    this.#options = options;
    this.#lease = new RenewedLease(options.clock);
    this.#offset = monotonicOffset(options.clock);
  }

  /** Once, before the components start. `leased`: what is owned is owned while {@link renew} says so. */
  own(components: readonly string[], leased: boolean): void {
    const { self, clock } = this.#options;
    for (const component of components) {
      const ownership = new ComponentOwnership(component, self, {
        clock,
        lease: leased ? this.#lease : ENDLESS,
        acquire: (slice) => {
          const hosted = this.#withHooks(component);
          return hosted?.lacks('onAcquire') === false ? hosted.tell('onAcquire', keySlice(slice)) : undefined;
        },
        release: (slice) => {
          const hosted = this.#withHooks(component);
          return hosted?.lacks('onRelease') === false ? hosted.tell('onRelease', keySlice(slice)) : undefined;
        },
        settled: (epoch) => this.#say({ component, epoch }),
        problem: (message, details) => this.#options.log(component).error(details, message),
      });
      this.#components.set(component, ownership);
    }
  }

  of(component: string): ComponentOwnership | undefined {
    return this.#components.get(component);
  }

  get names(): readonly string[] {
    return [...this.#components.keys()];
  }

  apply(routing: ComponentRouting): void {
    this.#components.get(routing.component)?.apply(routing);
  }

  renew({ until }: OwnershipLease): void {
    this.#lease.renew(until - this.#offset);
  }

  /** Says again what is settled: on a new connection all of it, else what could not be said. */
  report(all: boolean): void {
    for (const [component, { settledEpoch }] of this.#components) {
      if (settledEpoch >= 0 && (all || this.#unsaid.has(component)))
        this.#say({ component, epoch: settledEpoch });
    }
  }

  /** Gives up all keys, for good. Resolves when they are released, which is bounded in time. */
  async close(): Promise<void> {
    await Promise.all([...this.#components.values()].map((ownership) => ownership.close()));
  }

  #say(settled: OwnershipSettled): void {
    if (this.#options.settled(settled)) this.#unsaid.delete(settled.component);
    else this.#unsaid.add(settled.component);
  }

  #withHooks(component: string): HostedComponent | undefined {
    const hosted = this.#options.hosted(component);
    return hosted?.registered.exclusive === true ? hosted : undefined;
  }
}
