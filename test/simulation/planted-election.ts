import type { KeyedStore } from '../../daemon/bus/bus.js';
import { Election, type ElectionOptions, LEADER_KEY } from '../../daemon/leader/election.js';
import { epochOf } from '../../daemon/leader/epoch.js';
import type { Leadership } from '../../daemon/leader/leadership.js';

/** Leads on when its time is over, until it begins another term. */
export class UnfencedElection extends Election {
  #last: Leadership | undefined;

  override leadership(): Leadership | undefined {
    const term = super.leadership();
    if (term !== undefined && term.incarnation !== this.#last?.incarnation) this.#last = endless(term);
    return this.#last;
  }

  override onChange(listener: (leadership: Leadership | undefined) => void): () => void {
    return super.onChange((term) => {
      if (term !== undefined) listener(this.leadership());
    });
  }
}

/** Takes the store's revision for the number of its term. */
export class RevisionElection extends Election {
  readonly #revision: () => number;
  #term: { readonly of: Leadership; readonly shown: Leadership } | undefined;

  constructor(options: ElectionOptions) {
    let revision = 0;
    const note = (given: number) => {
      revision = given;
      return given;
    };
    const { store } = options;
    const noted: KeyedStore = {
      ...forwarding(store),
      create: async (key, value) => note(await store.create(key, value)),
      update: async (key, value, at) => note(await store.update(key, value, at)),
    };
    super({ ...options, store: noted });
    this.#revision = () => revision;
  }

  override leadership(): Leadership | undefined {
    const term = super.leadership();
    if (term === undefined) return undefined;
    if (this.#term?.of !== term) {
      const incarnation = this.#revision();
      let counter = 0;
      const shown: Leadership = {
        incarnation,
        leader: term.leader,
        isValid: () => term.isValid(),
        nextEpoch: () => epochOf(incarnation, ++counter),
        newestEpoch: () => epochOf(incarnation, counter),
      };
      this.#term = { of: term, shown };
    }
    return this.#term.shown;
  }

  override onChange(listener: (leadership: Leadership | undefined) => void): () => void {
    return super.onChange((term) => listener(term === undefined ? undefined : this.leadership()));
  }
}

/** A store whose writes of the lease count as done when nobody answers. */
export function trustingLate(store: KeyedStore): KeyedStore {
  return {
    ...forwarding(store),
    update: (key, value, revision) =>
      key === LEADER_KEY
        ? store.update(key, value, revision).catch(() => revision + 1)
        : store.update(key, value, revision),
  };
}

export function forwarding(store: KeyedStore): KeyedStore {
  return {
    get: (key) => store.get(key),
    put: (key, value) => store.put(key, value),
    create: (key, value) => store.create(key, value),
    update: (key, value, revision) => store.update(key, value, revision),
    delete: (key, revision) => store.delete(key, revision),
    keys: () => store.keys(),
    watch: (handler) => store.watch(handler),
  };
}

function endless(term: Leadership): Leadership {
  let epoch = term.newestEpoch();
  return {
    incarnation: term.incarnation,
    leader: term.leader,
    isValid: () => true,
    nextEpoch: () => {
      epoch = Math.max(epoch, term.newestEpoch()) as typeof epoch;
      epoch = (epoch + 1) as typeof epoch;
      return epoch;
    },
    newestEpoch: () => epoch,
  };
}
