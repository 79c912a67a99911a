import { BusError, type KeyedStore } from '../bus/bus.js';

/** Epochs of one incarnation of the control plane; the next incarnation's are all higher. */
const EPOCHS_PER_INCARNATION = 2 ** 30;
const KEY = 'incarnation';
const MAX_ATTEMPTS = 100;

/**
 * Epochs as one number: the incarnation, which is in the store and rises at each start, and a counter. So they only
 * rise, also over restarts, with one write per start. (An incarnation is below 2^23: numbers stay exact.)
 */
export class EpochCounter {
  #newest: number;

  private constructor(incarnation: number) {
    this.#newest = incarnation * EPOCHS_PER_INCARNATION;
  }

  /** Takes the next incarnation, for this process alone. Rejects with the store's BusError. */
  static async open(store: KeyedStore): Promise<EpochCounter> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const entry = await store.get(KEY);
      const incarnation = (typeof entry?.value === 'number' ? entry.value : 0) + 1;
      try {
        await store.update(KEY, incarnation, entry?.revision ?? 0);
        return new EpochCounter(incarnation);
      } catch (reason) {
        if (!(reason instanceof BusError) || reason.code !== 'CONFLICT') throw reason;
      }
    }
    throw new BusError('CONFLICT', `the ${KEY} could not be raised in ${MAX_ATTEMPTS} attempts`);
  }

  next(): number {
    return ++this.#newest;
  }
}
