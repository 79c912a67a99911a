/**
 * A fencing number: the incarnation of the control plane and a counter in one, so that epochs compare as numbers. A
 * receiver refuses one that is lower than the highest it saw. 0 is before all.
 */
export type Epoch = number & { readonly '~brand': 'Epoch' };

/** Epochs of one incarnation; those of the next are all higher. */
export const EPOCHS_PER_INCARNATION = 2 ** 30;
/** Above it, numbers are not exact. */
export const MAX_INCARNATION = 2 ** 23 - 1;

export const NO_EPOCH = 0 as Epoch;

/** Throws a RangeError when one of them is out of its bounds. */
export function epochOf(incarnation: number, counter: number): Epoch {
  if (!isIncarnation(incarnation))
    throw new RangeError(`incarnation ${incarnation} is not a whole number from 0 to ${MAX_INCARNATION}`);
  if (!Number.isInteger(counter) || counter < 0 || counter >= EPOCHS_PER_INCARNATION)
    throw new RangeError(`epoch counter ${counter} is not a whole number below ${EPOCHS_PER_INCARNATION}`);
  return (incarnation * EPOCHS_PER_INCARNATION + counter) as Epoch;
}

export function incarnationOf(epoch: Epoch): number {
  return Math.floor(epoch / EPOCHS_PER_INCARNATION);
}

export function counterOf(epoch: Epoch): number {
  return epoch % EPOCHS_PER_INCARNATION;
}

/** For what arrives from outside. */
export function isEpoch(value: unknown): value is Epoch {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

export function isIncarnation(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_INCARNATION;
}
