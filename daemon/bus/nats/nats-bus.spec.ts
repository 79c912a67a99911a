import { randomUUID } from 'node:crypto';
import { eventually } from '../../../test/support/eventually.js';
import { NatsCluster } from '../../../test/support/nats-cluster.js';
import { NatsServer } from '../../../test/support/nats-server.js';
import { type BusUnderTest, busConformance } from '../bus-conformance.spec.js';
import { NatsBus } from './nats-bus.js';

/** Buses on the same servers, each test with a cluster of its own, so with buckets of its own. */
async function busesOn(servers: readonly string[], replicas: 1 | 3): Promise<BusUnderTest> {
  const cluster = `t-${randomUUID()}`;
  const buses: NatsBus[] = [];
  const open = async () => {
    const bus = NatsBus.open({
      config: { servers, replicas },
      cluster,
      name: 'test',
      report: () => undefined,
    });
    buses.push(bus);
    await eventually('connected', () => (bus.state().kind === 'connected' ? true : undefined));
    return bus;
  };
  return {
    bus: await open(),
    reopen: open,
    async dispose() {
      for (const bus of buses) await bus.close();
    },
  };
}

describe('nats bus: one server', () => {
  let server: NatsServer;
  before(async () => {
    server = await NatsServer.start();
  });
  after(() => server.dispose());

  busConformance('nats, one server', () => busesOn([server.url], 1));
});

describe('nats bus: three servers', () => {
  let cluster: NatsCluster;
  before(async () => {
    cluster = await NatsCluster.start();
  });
  after(() => cluster.dispose());

  busConformance('nats, cluster of three', () => busesOn(cluster.urls, 3));
});
