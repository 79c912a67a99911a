import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import {
  Cleanup,
  exchange,
  startBackend,
  startProxy,
  startRawBackend,
  type TestProxy,
  until,
} from './fixtures/harness.js';
import type { ProxyLimits } from './proxy-limits.js';

const UPGRADE = 'GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n';
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n';

describe('tunnels', () => {
  const cleanup = new Cleanup();
  let path: string;

  beforeEach(() => {
    path = join(cleanup.folder(), 'shop.sock');
  });
  afterEach(() => cleanup.run());

  const open = async (proxy: TestProxy): Promise<Socket> => {
    const client = connect({ host: '127.0.0.1', port: proxy.port, allowHalfOpen: true });
    cleanup.add(() => void client.destroy());
    client.write(UPGRADE);
    const [head] = await once(client, 'data');
    expect(String(head)).to.equal(SWITCHED);
    return client;
  };
  /** A backend that switches protocols and hands its end over. */
  const rawTunnel = async (limits: Partial<ProxyLimits> = {}) => {
    const ends: Socket[] = [];
    const raw = await startRawBackend(cleanup, path, (socket) => {
      socket.once('data', () => {
        socket.write(SWITCHED);
        socket.pause();
        ends.push(socket);
      });
    });
    const proxy = await startProxy(cleanup, [raw.identity], limits);
    const client = await open(proxy);
    const [backend] = ends;
    if (backend === undefined) throw new Error('no tunnel');
    return { raw, proxy, client, backend };
  };

  it('carries WebSockets', async () => {
    const backend = await startBackend(cleanup, path, (_incoming, response) => response.end());
    const sockets = new WebSocketServer({ server: backend.server });
    cleanup.add(() => sockets.close());
    sockets.on('connection', (socket, incoming) => {
      socket.send(`${incoming.url} from ${incoming.headers['x-forwarded-for']}`);
      socket.on('message', (message, binary) => socket.send(message, { binary }));
    });
    const proxy = await startProxy(cleanup, [backend.identity]);
    const client = new WebSocket(`${proxy.url.replace('http', 'ws')}/live?x=1`);
    expect(String((await once(client, 'message'))[0])).to.equal('/live?x=1 from 127.0.0.1');
    const large = Buffer.alloc(1024 * 1024, 7);
    client.send(large);
    expect(large.equals((await once(client, 'message'))[0] as Buffer)).to.equal(true);
    expect(proxy.status().inFlight).to.equal(1);
    client.close(4000, 'bye');
    expect((await once(client, 'close'))[0]).to.equal(4000);
    await until(() => proxy.status().inFlight === 0);
    expect(proxy.status().answers).to.deep.equal({ '1xx': 1 });
  });

  it('closes each direction by itself', async () => {
    const { proxy, client, backend } = await rawTunnel();
    const received: string[] = [];
    client.on('data', (chunk) => received.push(String(chunk)));
    backend.resume();
    client.end('question');
    expect(String((await once(backend, 'data'))[0])).to.equal('question');
    await once(backend, 'end');
    backend.end('answer');
    await once(client, 'end');
    expect(received.join('')).to.equal('answer');
    await until(() => proxy.status().inFlight === 0);
  });

  it('holds back who sends faster than the other reads, and loses nothing', async () => {
    const { client, backend } = await rawTunnel();
    const chunk = Buffer.alloc(64 * 1024, 1);
    for (const [from, to] of [
      [client, backend],
      [backend, client],
    ] as const) {
      to.pause();
      let sent = 0;
      while (from.writableLength === 0 && sent < 64 * 1024 * 1024) {
        from.write(chunk);
        sent += chunk.length;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      expect(sent).to.be.lessThan(32 * 1024 * 1024);
      let received = 0;
      const count = (data: Buffer) => {
        received += data.length;
      };
      to.on('data', count);
      to.resume();
      await until(() => received === sent);
      to.off('data', count);
    }
  });

  it('ends the other side when one is lost', async () => {
    const { proxy, client, raw } = await rawTunnel();
    await raw.kill();
    await once(client, 'end');
    client.end();
    await until(() => proxy.status().inFlight === 0);
  });

  it("ends the backend's side when the client is lost", async () => {
    const { proxy, client, backend } = await rawTunnel();
    backend.resume();
    client.resetAndDestroy();
    await once(backend, 'end');
    await until(() => proxy.status().inFlight === 0);
  });

  it('does not wait for ever for the second end after the first', async () => {
    const { proxy, client, backend } = await rawTunnel({ clientStallMs: 30 });
    backend.resume();
    const closed = once(client, 'close');
    client.end();
    await closed;
    await until(() => proxy.status().inFlight === 0);
  });

  it('stays open on a backend that drains', async () => {
    const { proxy, client, backend } = await rawTunnel();
    proxy.setBackends([]);
    expect(proxy.status().backends.map(({ draining, inFlight }) => ({ draining, inFlight }))).to.deep.equal([
      { draining: true, inFlight: 1 },
    ]);
    backend.resume();
    client.write('still here');
    expect(String((await once(backend, 'data'))[0])).to.equal('still here');
    client.end();
    backend.end();
    await until(() => proxy.status().backends.length === 0);
  });

  it('passes an answer on that is no upgrade, and closes', async () => {
    const body = 'x'.repeat(8 * 1024 * 1024);
    const backend = await startBackend(cleanup, path, () => undefined);
    backend.server.on('upgrade', (_incoming, socket) => {
      socket.end(
        `HTTP/1.1 401 Unauthorized\r\nContent-Length: ${body.length}\r\nX-Why: token\r\n\r\n${body}`,
      );
    });
    const proxy = await startProxy(cleanup, [backend.identity]);
    const text = await exchange(proxy.port, UPGRADE);
    expect(text).to.match(/^HTTP\/1\.1 401 Unauthorized\r\nContent-Length: 8388608\r\nX-Why: token\r\n/);
    expect(text.endsWith(`\r\n\r\n${body}`)).to.equal(true);
    await until(() => proxy.status().inFlight === 0);
  });

  it('ignores the offer of HTTP/2, which would pass by the proxy', async () => {
    const backend = await startBackend(cleanup, path, (incoming, response) => {
      response.end(`upgrade: ${incoming.headers.upgrade}`);
    });
    const proxy = await startProxy(cleanup, [backend.identity]);
    const text = await exchange(
      proxy.port,
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n\r\n',
    );
    expect(text)
      .to.match(/^HTTP\/1\.1 200 /)
      .and.to.include('upgrade: undefined');
  });

  it('answers 503, 502 and 504 as for any request', async () => {
    const none = await startProxy(cleanup, [], { backendWaitMs: 20 });
    expect(await exchange(none.port, UPGRADE))
      .to.match(/^HTTP\/1\.1 503 /)
      .and.to.include('Retry-After: 1');
    const raw = await startRawBackend(cleanup, path, (socket) => socket.once('data', () => socket.destroy()));
    const broken = await startProxy(cleanup, [raw.identity]);
    expect(await exchange(broken.port, UPGRADE)).to.match(/^HTTP\/1\.1 502 /);
    const silent = await startBackend(cleanup, `${path}2`, () => undefined);
    silent.server.on('upgrade', (_incoming, socket) => socket.on('error', () => undefined));
    const slow = await startProxy(cleanup, [silent.identity], { answerTimeoutMs: 20 });
    expect(await exchange(slow.port, UPGRADE)).to.match(/^HTTP\/1\.1 504 /);
    for (const proxy of [none, broken, slow]) expect(proxy.status().inFlight).to.equal(0);
  });
});
