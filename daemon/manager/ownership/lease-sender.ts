import { type Bus, publishBestEffort } from '../../bus/bus.js';
import type { Subjects } from '../../bus/subjects.js';
import type { Clock } from '../../processes/clock.js';
import type { HostLease } from './host-leases.js';

/** Between two leases for one host, unless there is a new replica for one. */
export const LEASE_EVERY_MS = 2000;

export interface LeaseSenderOptions {
  /** Throws when the term is over. */
  readonly bus: Pick<Bus, 'publish'>;
  readonly subjects: Subjects;
  readonly clock: Clock;
  readonly nextEpoch: () => number;
}

/** Tells each host of a fleet again and again that its replicas own what they own. */
export class LeaseSender {
  readonly #options: LeaseSenderOptions;
  readonly #sent = new Map<string, { readonly at: number; readonly replicas: ReadonlySet<string> }>();

  constructor(options: LeaseSenderOptions) {
    this.#options = options;
  }

  /** `all`: every host with replicas that own something. Calls `sending` before each that is sent. */
  send(all: readonly HostLease[], sending: (lease: HostLease) => void): void {
    const { bus, subjects, clock, nextEpoch } = this.#options;
    const now = clock.monotonic();
    for (const lease of all) {
      const { host, message } = lease;
      const replicas = new Set(message.replicas.map((each) => JSON.stringify(each)));
      const last = this.#sent.get(host);
      const isNews = last === undefined || [...replicas].some((each) => !last.replicas.has(each));
      if (!isNews && now - last.at < LEASE_EVERY_MS) continue;
      this.#sent.set(host, { at: now, replicas });
      sending(lease);
      publishBestEffort(bus, subjects.lease(host), { ...message, epoch: nextEpoch() });
    }
    const hosts = new Set(all.map(({ host }) => host));
    for (const host of this.#sent.keys()) if (!hosts.has(host)) this.#sent.delete(host);
  }
}
