import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  Cleanup,
  exchange,
  fetchText,
  readText,
  startBackend,
  startProxy,
  until,
} from './fixtures/harness.js';

describe('bounds of the proxy', () => {
  const cleanup = new Cleanup();
  let path: string;

  beforeEach(() => {
    path = join(cleanup.folder(), 'shop.sock');
  });
  afterEach(() => cleanup.run());

  const proxyFor = async (
    handler: (incoming: IncomingMessage, response: ServerResponse) => void,
    limits: Parameters<typeof startProxy>[2] = {},
  ) => {
    const backend = await startBackend(cleanup, path, handler);
    return { backend, proxy: await startProxy(cleanup, [backend.identity], limits) };
  };

  it('does not wait for ever for a body whose answer is given', async () => {
    const { proxy } = await proxyFor((_incoming, response) => response.writeHead(403).end('no'), {
      lingerMs: 30,
    });
    const text = await exchange(proxy.port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf');
    expect(text).to.match(/^HTTP\/1\.1 403 /);
  });

  it('cuts a client that does not take its answer', async () => {
    const body = Buffer.alloc(16 * 1024 * 1024);
    const { proxy } = await proxyFor((_incoming, response) => response.end(body), { clientStallMs: 50 });
    const client = connect({ host: '127.0.0.1', port: proxy.port });
    cleanup.add(() => void client.destroy());
    client.on('error', () => undefined);
    client.pause();
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => proxy.status().answers['2xx'] === 1);
    await until(() => proxy.status().inFlight === 0);
    let received = 0;
    client.on('data', (chunk) => {
      received += chunk.length;
    });
    client.resume();
    await once(client, 'close');
    expect(received).to.be.lessThan(body.length);
  });

  it('answers 504 when the backend takes too long, 408 when the client does', async () => {
    const { proxy } = await proxyFor(() => undefined, { answerTimeoutMs: 30, lingerMs: 30 });
    const answer = await fetchText(proxy.url, { method: 'POST', body: 'x' });
    expect([answer.status, answer.text]).to.deep.equal([
      504,
      '504: the replica did not answer within 0.03 s\n',
    ]);
    const text = await exchange(proxy.port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf');
    expect(text).to.match(/^HTTP\/1\.1 408 /);
    expect(proxy.status().answers).to.deep.equal({ '5xx': 1, '4xx': 1 });
  });

  it('has no limit for an answer that has begun', async () => {
    let late: ServerResponse | undefined;
    const { proxy } = await proxyFor(
      (_incoming, response) => {
        late = response;
        response.write('begun');
      },
      { answerTimeoutMs: 400 },
    );
    const outgoing = request(proxy.url, { agent: false });
    outgoing.end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    await new Promise((resolve) => setTimeout(resolve, 500));
    late?.end(', ended');
    expect(await readText(answer)).to.equal('begun, ended');
  });

  it('lets nobody smuggle a request past it', async () => {
    const { backend, proxy } = await proxyFor((_incoming, response) => response.end('ok'));
    const attacks = [
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody!',
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nbody',
      'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\nX-A: a\r\n X-B: b\r\n\r\n',
      'GET / HTTP/1.1\r\n\r\n',
      'GET / HTTP/1.1\nHost: x\n\n',
    ];
    for (const attack of attacks)
      expect(await exchange(proxy.port, attack), attack).to.match(/^HTTP\/1\.1 (400|501) /);
    expect(backend.requests).to.deep.equal([]);
  });

  it('bounds the head of a request in size and in time', async () => {
    const backend = await startBackend(cleanup, path, (_incoming, response) => response.end('ok'));
    const small = await startProxy(cleanup, [backend.identity], { maxHeaderBytes: 4096 });
    expect(
      await exchange(small.port, `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(5000)}\r\n\r\n`),
    ).to.match(/^HTTP\/1\.1 431 /);
    const quick = await startProxy(cleanup, [backend.identity], { headersTimeoutMs: 50 });
    expect(await exchange(quick.port, 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ')).to.match(/^HTTP\/1\.1 408 /);
    expect(await exchange(quick.port, '')).to.match(/^HTTP\/1\.1 408 |^$/);
  });

  it('closes connections beyond its limit, and says so', async () => {
    const { proxy } = await proxyFor((_incoming, response) => response.end('ok'), { maxConnections: 1 });
    const first = connect({ host: '127.0.0.1', port: proxy.port });
    cleanup.add(() => void first.destroy());
    await once(first, 'connect');
    expect(await exchange(proxy.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).to.equal('');
    expect(proxy.log.join()).to.include('closes new connections: it has 1, its limit');
  });
});
