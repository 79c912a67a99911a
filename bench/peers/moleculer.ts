import { ServiceBroker } from 'moleculer';
import { compute, textOf, waitUpTo4Ms } from '../operation.js';
import { nineProducts } from '../products.js';
import { freePort, listenOnLoopbackOnly } from './loopback.js';
import type { Peer } from './peer.js';

interface Endpoint {
  readonly serverPort: number;
  readonly clientPort: number;
}

const DISCOVERY_MS = 20_000;

/** Two brokers over its TCP transporter, which finds the other by its address instead of by broadcast. */
export const moleculer: Peer = {
  async serve() {
    const endpoint: Endpoint = { serverPort: await freePort(), clientPort: await freePort() };
    const broker = brokerAt('server', endpoint);
    broker.createService({
      name: 'echo',
      actions: {
        echo: (context: { params: { text: string } }) => context.params.text,
        list: () => nineProducts,
        work: () => compute(),
        async wait(context: { params: { text: string } }) {
          await waitUpTo4Ms();
          return context.params.text;
        },
      },
    });
    await broker.start();
    return { endpoint: JSON.stringify(endpoint) };
  },
  async connect(endpoint) {
    const broker = brokerAt('client', JSON.parse(endpoint) as Endpoint);
    await broker.start();
    await broker.waitForServices('echo', DISCOVERY_MS, 50);
    return {
      call(operation) {
        const action = operation.startsWith('echo') ? 'echo.echo' : `echo.${operation}`;
        const params = { text: textOf(operation) };
        return { kind: 'promise', call: () => broker.call(action, params) };
      },
    };
  },
};

function brokerAt(nodeID: 'server' | 'client', { serverPort, clientPort }: Endpoint): ServiceBroker {
  listenOnLoopbackOnly();
  return new ServiceBroker({
    nodeID,
    logger: false,
    transporter: {
      type: 'TCP',
      options: {
        port: nodeID === 'server' ? serverPort : clientPort,
        udpDiscovery: false,
        useHostname: false,
        gossipPeriod: 1,
        urls: [`tcp://127.0.0.1:${serverPort}/server`, `tcp://127.0.0.1:${clientPort}/client`],
      },
    },
  });
}
