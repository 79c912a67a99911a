import { SAMPLED_KEYS, type SimOwner } from './sim-owner.js';

/** Who acts for which keys in the whole cluster, held against ONE-OWNER. */
export class KeyOwners {
  readonly #fail: (message: string) => void;
  /** By app and component. */
  readonly #owners = new Map<string, Set<SimOwner>>();
  /** By app and component, for each sampled key: the highest epoch at which anybody has acted, and who did. */
  readonly #highest = new Map<string, { readonly epoch: number; readonly by: SimOwner }[]>();

  constructor(fail: (message: string) => void) {
    this.#fail = fail;
  }

  add(owner: SimOwner): void {
    for (const component of owner.options.components) {
      const key = keyOf(owner, component);
      this.#owners.set(key, (this.#owners.get(key) ?? new Set()).add(owner));
    }
  }

  remove(owner: SimOwner): void {
    for (const component of owner.options.components)
      this.#owners.get(keyOf(owner, component))?.delete(owner);
  }

  /** Those that run. */
  of(app: string, component: string): readonly SimOwner[] {
    return [...(this.#owners.get(`${app}/${component}`) ?? [])];
  }

  /** What it may act for has changed. */
  look(owner: SimOwner, component: string): void {
    const of = keyOf(owner, component);
    const highest = this.#highest.get(of) ?? [];
    this.#highest.set(of, highest);
    for (const key of SAMPLED_KEYS.keys()) {
      const epoch = owner.actsAt(component, key);
      if (epoch === 0) continue;
      for (const other of this.#owners.get(of) ?? [])
        if (other !== owner && other.actsAt(component, key) > 0)
          return this.#fail(
            `${nameOf(owner)} (epoch ${epoch}) and ${nameOf(other)} (epoch ${other.actsAt(component, key)}) act for key ${key} of ${of}`,
          );
      const known = highest[key];
      if (known !== undefined && known.by !== owner && epoch <= known.epoch)
        return this.#fail(
          `${nameOf(owner)} acts for key ${key} of ${of} at epoch ${epoch}, after ${nameOf(known.by)} did at ${known.epoch}`,
        );
      if (known === undefined || epoch > known.epoch) highest[key] = { epoch, by: owner };
    }
  }

  /** Of those who act for a key in that version; in words which key has none, or undefined. */
  unowned(app: string, version: string, component: string): string | undefined {
    const owners = this.of(app, component);
    for (const key of SAMPLED_KEYS.keys()) {
      const acting = owners.filter((owner) => owner.actsAt(component, key) > 0);
      if (acting.length !== 1 || acting[0]?.options.version !== version)
        return `key ${key} of ${component} of ${app} is with ${acting.map(nameOf).join(' and ') || 'nobody'}`;
    }
    return undefined;
  }
}

function keyOf({ options }: SimOwner, component: string): string {
  return `${options.app}/${component}`;
}

function nameOf({ options }: SimOwner): string {
  const { replica, generation, version, host } = options;
  return `${replica}#${generation} of ${version} on ${host}`;
}
