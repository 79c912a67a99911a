import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { adoptAccepted, type Receive, receiveByEvents } from './receive.js';

const WAYS: readonly (readonly [string, (accepted: Socket, receive: Receive) => Socket])[] = [
  ['into the static buffer', adoptAccepted],
  ['by events', receiveByEvents],
  [
    'by events, where the handle is not as expected',
    (accepted, receive) => {
      Object.defineProperty(accepted, '_server', { value: undefined });
      return adoptAccepted(accepted, receive);
    },
  ],
];

for (const [way, adopt] of WAYS) {
  it(`An accepted socket receives ${way}, pauses, answers and is counted until it ends`, async () => {
    const received: Buffer[] = [];
    const sockets: Socket[] = [];
    let changed = (): void => {};
    const server = createServer({ pauseOnConnect: true }, (accepted) => {
      const socket = adopt(accepted, (bytes, length) => {
        received.push(Buffer.from(bytes.subarray(0, length)));
        changed();
      });
      sockets.push(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const sent = Buffer.alloc(1_000_000, 'weaver');
    client.write(sent);
    while (received.reduce((sum, { length }) => sum + length, 0) < sent.length) {
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
    expect(Buffer.concat(received).equals(sent)).to.equal(true);

    const [socket] = sockets;
    if (socket === undefined) throw new Error('nobody was accepted');
    socket.pause();
    received.length = 0;
    client.write('while paused');
    socket.write('answer');
    expect(String(await once(client, 'data'))).to.equal('answer');
    expect(received).to.have.length(0);
    const more = new Promise<void>((resolve) => {
      changed = resolve;
    });
    socket.resume();
    await more;
    expect(String(received[0])).to.equal('while paused');

    const closed = once(server, 'close');
    server.close();
    client.end();
    await once(socket, 'close');
    if (!way.endsWith('expected')) await closed;
  });
}
