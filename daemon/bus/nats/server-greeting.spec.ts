import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { NatsServer } from '../../../test/support/nats-server.js';
import { serverGreeting } from './server-greeting.js';

describe('serverGreeting', () => {
  it('hears from a real server its version, without logging in', async () => {
    const server = await NatsServer.start({ config: 'authorization { token: "secret" }', name: 'n1' });
    try {
      const greeting = await serverGreeting(`nats://127.0.0.1:${server.port}`, 5000);
      expect(greeting).to.include({ name: 'n1', jetStream: true, maxPayload: 1_048_576 });
      expect(greeting.version).to.match(/^2\.\d+\.\d+/);
    } finally {
      await server.dispose();
    }
  });

  it('says why there is none: nobody, somebody else, silence, a hang-up, and a flood', async () => {
    const hear = async (onConnection: Parameters<typeof createServer>[1], timeoutMs = 5000) => {
      const server: Server = createServer(onConnection);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const why = await serverGreeting(`nats://127.0.0.1:${port}`, timeoutMs).catch(
        (reason: Error) => reason.message,
      );
      await new Promise((resolve) => server.close(resolve));
      const nobody = await serverGreeting(`nats://127.0.0.1:${port}`, timeoutMs).catch(
        (reason: Error) => reason.message,
      );
      expect(nobody).to.contain('ECONNREFUSED');
      return why;
    };
    expect(await hear((socket) => socket.end('SSH-2.0\r\n'))).to.contain('is no NATS server');
    expect(await hear((socket) => socket.end('INFO {"version":7}\r\n'))).to.contain('is no NATS server');
    expect(await hear((socket) => socket.end())).to.contain('without a word');
    expect(await hear((socket) => socket.on('error', () => undefined).resume(), 50)).to.contain(
      'no answer within 50 ms',
    );
    const flood = 'x'.repeat(100_000);
    expect(await hear((socket) => socket.on('error', () => undefined).write(flood))).to.contain(
      'is no NATS server',
    );
  });
});
