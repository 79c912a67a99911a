import { connect, JSONCodec } from 'nats';
import { compute, textOf, waitUpTo4Ms } from '../operation.js';
import { nineProducts } from '../products.js';
import { natsServer } from './nats-server.js';
import type { Peer } from './peer.js';

const REQUEST = { timeout: 10_000 };

/** Request/reply through a nats-server of its own, which runs beside the replying process. */
export const nats: Peer = {
  async serve(folder) {
    const { port, pid } = await natsServer(folder);
    const connection = await connect({ servers: `127.0.0.1:${port}` });
    const json = JSONCodec();
    connection.subscribe('echo', { callback: (_, message) => void message.respond(message.data) });
    connection.subscribe('list', {
      callback: (_, message) => void message.respond(json.encode(nineProducts)),
    });
    connection.subscribe('work', { callback: (_, message) => void message.respond(json.encode(compute())) });
    connection.subscribe('wait', {
      callback: (_, message) => void waitUpTo4Ms().then(() => message.respond(message.data)),
    });
    await connection.flush();
    return { endpoint: String(port), helperPids: [pid] };
  },
  async connect(port) {
    const connection = await connect({ servers: `127.0.0.1:${port}` });
    return {
      call(operation) {
        const subject = operation.startsWith('echo') ? 'echo' : operation;
        const text = textOf(operation);
        const isText = subject === 'echo' || subject === 'wait';
        return {
          kind: 'promise',
          async call() {
            const answer = await connection.request(subject, text, REQUEST);
            return isText ? answer.string() : answer.json();
          },
        };
      },
    };
  },
};
