import { randomUUID } from 'node:crypto';
import type { NatsConfig } from '../../../../config/nats-config.js';
import { eventually } from '../../../../test/support/eventually.js';
import type { BusState } from '../../bus.js';
import { NatsBus } from '../nats-bus.js';

/** Buses of a test, in a cluster that is the test's own, so with buckets of its own. */
export class OpenedBuses {
  readonly cluster = `t-${randomUUID()}`;
  readonly reports: string[] = [];
  readonly #buses: NatsBus[] = [];

  /** At once; it may not be connected. */
  open(config: NatsConfig): NatsBus {
    const report = (problem: string) => void this.reports.push(problem);
    const bus = NatsBus.open({ config, cluster: this.cluster, name: 'test', report });
    this.#buses.push(bus);
    return bus;
  }

  async connected(config: NatsConfig): Promise<NatsBus> {
    const bus = this.open(config);
    await becomes(bus, 'connected');
    return bus;
  }

  async close(): Promise<void> {
    for (const bus of this.#buses) await bus.close();
  }
}

export function becomes(bus: NatsBus, kind: BusState['kind']): Promise<BusState> {
  return eventually(
    `the bus is ${kind}`,
    () => {
      const state = bus.state();
      if (state.kind !== kind) throw new Error(JSON.stringify(state));
      return state;
    },
    20_000,
  );
}
