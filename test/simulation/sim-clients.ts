import { checkByKey, describeProblems } from '../linearizability/check-history.js';
import { type AppendInput, type AppendOutput, appendOnly } from '../linearizability/models/append.js';
import type { Operation, Outcome } from '../linearizability/operation.js';
import type { KeyOwners } from './key-owners.js';
import type { Random } from './random.js';
import { OWNED } from './sample-app.js';
import type { Scheduler } from './scheduler.js';
import { type Answer, type KeeperBug, SimKeeper } from './sim-keeper.js';
import type { SimOwner } from './sim-owner.js';
import { SimStateStore } from './sim-state-store.js';

const APP = 'shop';
const CLIENTS = 2;
/** Few, so that operations meet; by their place among those that are sampled. */
const KEYS = [0, 17, 33];
const MAX_OPERATIONS = 600;
const GIVE_UP_MS = 5000;
const TRIES = 5;
const TRY_AGAIN_MS = 150;

/**
 * Clients of state whose keys have one owner: they read and append, now and then at an owner that is none any more. What they saw must be
 * linearizable for each key (the same checker and model as test/chaos-state).
 */
export class SimClients {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #owners: KeyOwners;
  readonly #store = new SimStateStore();
  readonly #bug: KeeperBug | undefined;
  readonly #keepers = new WeakMap<SimOwner, SimKeeper>();
  readonly #operations: Operation<AppendInput, AppendOutput>[] = [];
  /** That are under way: whatever came of them. */
  readonly #pending = new Map<number, Operation<AppendInput, AppendOutput>>();
  #begun = 0;

  constructor(scheduler: Scheduler, random: Random, owners: KeyOwners, bug: KeeperBug | undefined) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#owners = owners;
    this.#bug = bug;
    for (let client = 1; client <= CLIENTS; client++) this.#later(`c${client}`);
  }

  /** Those that were executed, or may have been. */
  get operations(): number {
    return this.#operations.length;
  }

  /** What is not linearizable, in words; undefined when all is. */
  problem(): string | undefined {
    const all = [...this.#operations, ...this.#pending.values()];
    return describeProblems('list', checkByKey(appendOnly, all)) || undefined;
  }

  #later(client: string): void {
    if (this.#begun >= MAX_OPERATIONS) return;
    this.#scheduler.after(this.#random.between(50, 500), () => {
      const key = this.#random.pick(KEYS);
      const id = ++this.#begun;
      const input: AppendInput = this.#random.chance(0.5)
        ? { kind: 'read' }
        : { kind: 'append', element: `${id}` };
      const begun = { client, key: String(key), input, invokedAt: this.#scheduler.now };
      const outcome = { kind: 'unknown', at: begun.invokedAt, code: 'NO_ANSWER' } as const;
      this.#pending.set(id, { ...begun, outcome });
      this.#try(key, input, TRIES, (outcome) => {
        this.#pending.delete(id);
        if (outcome !== undefined) this.#operations.push({ ...begun, outcome });
        this.#later(client);
      });
    });
  }

  /** Undefined: it was not executed. */
  #try(
    key: number,
    input: AppendInput,
    tries: number,
    end: (outcome: Outcome<AppendOutput> | undefined) => void,
  ): void {
    if (tries === 0) return end(undefined);
    const again = () => this.#scheduler.after(TRY_AGAIN_MS, () => this.#try(key, input, tries - 1, end));
    const owner = this.#choose(key);
    if (owner === undefined) return void again();
    let isOver = false;
    const cancel = this.#scheduler.after(GIVE_UP_MS, () => {
      isOver = true;
      end({ kind: 'unknown', at: this.#scheduler.now, code: 'TIMEOUT' });
    });
    const answered = (answer: Answer) => {
      if (isOver) return;
      isOver = true;
      cancel();
      const at = this.#scheduler.now;
      if (answer.kind === 'stale') again();
      else if (answer.kind === 'unknown') end({ kind: 'unknown', at, code: 'STALE_OWNER' });
      else end({ kind: 'ok', at, output: answer.output });
    };
    this.#keeperOf(owner).serve(OWNED, key, input, answered);
  }

  /** Mostly who acts for the key, at times one that may have before. */
  #choose(key: number): SimOwner | undefined {
    const owners = this.#owners.of(APP, OWNED);
    const acting = owners.filter((owner) => owner.actsAt(OWNED, key) > 0);
    const among = acting.length > 0 && !this.#random.chance(0.3) ? acting : owners;
    return among.length === 0 ? undefined : this.#random.pick(among);
  }

  #keeperOf(owner: SimOwner): SimKeeper {
    const known = this.#keepers.get(owner);
    if (known !== undefined) return known;
    const keeper = new SimKeeper(owner, this.#store, this.#scheduler, this.#random, this.#bug);
    this.#keepers.set(owner, keeper);
    return keeper;
  }
}
