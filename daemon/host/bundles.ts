import type { Clock } from '../processes/clock.js';

const FIRST_RETRY_MS = 200;
const MAX_RETRY_MS = 10_000;

export interface BundlesOptions {
  /** Brings a version to this host. Rejects with the reason. */
  readonly fetch: (version: string) => Promise<void>;
  readonly clock: Clock;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  /** A version has come, or the problems have changed. */
  readonly onChange: () => void;
}

type Bundle =
  | { readonly kind: 'here' }
  | { readonly kind: 'fetching' }
  | { readonly kind: 'waiting'; readonly reason: string; readonly cancel: () => void };

/** The versions that are to run on this host: fetched when they are not here, again and again until they come. */
export class Bundles {
  readonly #options: BundlesOptions;
  readonly #versions = new Map<string, Bundle>();

  constructor(options: BundlesOptions) {
    this.#options = options;
  }

  /** Forgets all others. */
  want(versions: ReadonlySet<string>): void {
    for (const [version, bundle] of this.#versions) {
      if (versions.has(version)) continue;
      if (bundle.kind === 'waiting') bundle.cancel();
      this.#versions.delete(version);
    }
    for (const version of versions) if (!this.#versions.has(version)) void this.#fetch(version, 0);
  }

  isHere(version: string): boolean {
    return this.#versions.get(version)?.kind === 'here';
  }

  /** Some have not been tried once. */
  get isFetching(): boolean {
    return [...this.#versions.values()].some(({ kind }) => kind === 'fetching');
  }

  problems(): readonly string[] {
    return [...this.#versions].flatMap(([version, bundle]) =>
      bundle.kind === 'waiting' ? [`the artifact ${version} is not here yet: ${bundle.reason}`] : [],
    );
  }

  close(): void {
    this.want(new Set());
  }

  async #fetch(version: string, failures: number): Promise<void> {
    const fetching: Bundle = { kind: 'fetching' };
    this.#versions.set(version, fetching);
    let next: Bundle;
    try {
      await this.#options.fetch(version);
      next = { kind: 'here' };
    } catch (reason) {
      next = this.#waiting(version, failures, reason instanceof Error ? reason.message : String(reason));
    }
    if (this.#versions.get(version) !== fetching) {
      if (next.kind === 'waiting') next.cancel(); // no longer wanted
      return;
    }
    this.#versions.set(version, next);
    this.#options.onChange();
  }

  #waiting(version: string, failures: number, reason: string): Bundle {
    const { clock, random } = this.#options;
    const bound = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
    const cancel = clock.after(bound * (0.5 + random() / 2), () => void this.#fetch(version, failures + 1));
    return { kind: 'waiting', reason, cancel };
  }
}
