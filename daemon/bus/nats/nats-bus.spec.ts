import { NatsCluster } from '../../../test/support/nats-cluster.js';
import { NatsServer } from '../../../test/support/nats-server.js';
import { type BusUnderTest, busConformance } from '../bus-conformance.spec.js';
import { OpenedBuses } from './spec-support/opened-buses.js';

async function busesOn(servers: readonly string[], replicas: 1 | 3): Promise<BusUnderTest> {
  const buses = new OpenedBuses();
  return {
    bus: await buses.connected({ servers, replicas }),
    reopen: () => buses.connected({ servers, replicas }),
    dispose: () => buses.close(),
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
