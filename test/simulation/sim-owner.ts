import { SPACE } from '../../daemon/manager/slicer/slices.js';
import type { ComponentRouting, OwnershipSettled } from '../../sdk/protocol/control.js';
import type { KeyOwners } from './key-owners.js';
import type { Random } from './random.js';
import type { Scheduler } from './scheduler.js';

/** Keys of which it is looked at who acts for them, by hash. */
export const SAMPLED_KEYS: readonly number[] = Array.from(
  { length: 48 },
  (_, index) => Math.floor((index * SPACE) / 48) + index,
);

export interface SimOwnerOptions {
  readonly app: string;
  readonly version: string;
  readonly replica: string;
  readonly generation: number;
  readonly host: string;
  /** Of its owned ones. */
  readonly components: readonly string[];
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly owners: KeyOwners;
  /** Something that it says of itself is new. */
  readonly changed: () => void;
}

/** What calls in flight may take after their keys were taken, ms. */
const IN_FLIGHT_MS = 400;

interface Owned {
  routing: ComponentRouting | undefined;
  settled: number;
  /** By sampled key: the epoch of its slice, 0 where this process does not act. */
  acting: number[];
}

/** How a proclet acts for the keys of its owned components, by the routing and the lease that it has heard of. */
export class SimOwner {
  readonly options: SimOwnerOptions;
  readonly #components = new Map<string, Owned>();
  /** What was told while it stood still, or is on its way; in order. */
  #queue: (() => void)[] = [];
  #leasedUntil = Number.NEGATIVE_INFINITY;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #hasEnded = false;

  constructor(options: SimOwnerOptions) {
    this.options = options;
    for (const component of options.components)
      this.#components.set(component, {
        routing: undefined,
        settled: 0,
        acting: SAMPLED_KEYS.map(() => 0),
      });
    options.owners.add(this);
  }

  settled(): readonly OwnershipSettled[] {
    return [...this.#components].flatMap(([component, { settled }]) =>
      settled === 0 ? [] : [{ component, epoch: settled }],
    );
  }

  /** The epoch at which it acts for a sampled key; 0 when it does not. */
  actsAt(component: string, key: number): number {
    return this.options.scheduler.now >= this.#leasedUntil ? 0 : this.believesAt(component, key);
  }

  /** The same as if there were no leases. */
  believesAt(component: string, key: number): number {
    if (this.#hasEnded || this.#isPaused) return 0;
    return this.#components.get(component)?.acting[key] ?? 0;
  }

  /** `until`: virtual ms. */
  lease(until: number): void {
    this.hear(() => {
      if (until <= this.#leasedUntil) return;
      this.#leasedUntil = until;
      for (const component of this.#components.keys()) this.options.owners.look(this, component);
    });
  }

  route(routing: ComponentRouting): void {
    this.hear(() => this.#follow(routing));
  }

  pause(forMs: number): void {
    const { scheduler } = this.options;
    this.#pausedUntil = Math.max(this.#pausedUntil, scheduler.now + forMs);
    scheduler.after(forMs, () => {
      // It goes on by what it knew, before it reads what it was told meanwhile.
      for (const component of this.#components.keys()) this.options.owners.look(this, component);
      scheduler.after(1, () => this.#run());
    });
  }

  end(): void {
    this.#hasEnded = true;
    this.#queue = [];
    this.options.owners.remove(this);
  }

  get #isPaused(): boolean {
    return this.options.scheduler.now < this.#pausedUntil;
  }

  /** What it is told, or hears back, a little later and in order: when it goes on if it stands still, never once it has ended. */
  hear(message: () => void): void {
    const { scheduler, random } = this.options;
    this.#queue.push(message);
    scheduler.after(random.chance(0.1) ? random.between(1, 500) : random.between(0, 3), () => this.#run());
  }

  #run(): void {
    if (this.#hasEnded || this.#isPaused) return;
    const queue = this.#queue;
    this.#queue = [];
    for (const message of queue) message();
  }

  #follow(routing: ComponentRouting): void {
    const owned = this.#components.get(routing.component);
    if (owned === undefined || routing.epoch <= (owned.routing?.epoch ?? 0)) return;
    const { scheduler, random, owners } = this.options;
    owned.routing = routing;
    const given = SAMPLED_KEYS.map((hash) => this.#epochOf(routing, hash));
    const isTaken = owned.acting.some((epoch, key) => epoch > 0 && given[key] === 0);
    // Calls in flight run to their end.
    owned.acting = given.map((epoch, key) => (epoch > 0 ? epoch : (owned.acting[key] ?? 0)));
    owners.look(this, routing.component);
    scheduler.after(isTaken ? random.between(0, IN_FLIGHT_MS) : 0, () => this.#settle(routing));
  }

  #settle(routing: ComponentRouting): void {
    const owned = this.#components.get(routing.component);
    if (owned === undefined || this.#hasEnded || owned.settled >= routing.epoch) return;
    if (this.#isPaused) {
      this.#queue.push(() => this.#settle(routing));
      return;
    }
    const newest = owned.routing ?? routing;
    owned.acting = owned.acting.map((epoch, key) => {
      const hash = SAMPLED_KEYS[key] ?? 0;
      return this.#epochOf(routing, hash) > 0 || this.#epochOf(newest, hash) > 0 ? epoch : 0;
    });
    owned.settled = routing.epoch;
    this.options.changed();
  }

  #epochOf({ assignment, replicas }: ComponentRouting, hash: number): number {
    const index = assignment?.starts.findLastIndex((start) => start <= hash) ?? -1;
    const owner = replicas[assignment?.owners[index] ?? -1];
    const isSelf =
      owner?.replica === this.options.replica &&
      owner.generation === this.options.generation &&
      owner.elsewhere !== true;
    return isSelf ? (assignment?.epochs?.[index] ?? 0) : 0;
  }
}
