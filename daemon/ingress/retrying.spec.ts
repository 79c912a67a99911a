import { rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  Cleanup,
  fetchText,
  identity,
  startBackend,
  startProxy,
  startRawBackend,
  until,
} from './fixtures/harness.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('what is sent again, and what never is', () => {
  const cleanup = new Cleanup();
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = cleanup.folder();
    path = join(folder, 'shop.sock');
  });
  afterEach(() => cleanup.run());

  /** Runs `onRequest` for each request head, with the count of those on the same connection. */
  const rawBackend = async (onRequest: (socket: Socket, nth: number) => void) => {
    const requests: string[] = [];
    const raw = await startRawBackend(cleanup, path, (socket) => {
      let nth = 0;
      socket.on('data', (chunk) => {
        requests.push(chunk.toString('latin1').split(' ', 1).join());
        onRequest(socket, ++nth);
      });
    });
    return { requests, proxy: await startProxy(cleanup, [raw.identity]), raw };
  };

  it('sends a GET again whose kept connection the backend just closed', async () => {
    const { requests, proxy } = await rawBackend((socket, nth) => {
      if (nth === 1) socket.write(OK);
      else socket.destroy();
    });
    for (let i = 0; i < 3; i++) expect((await fetchText(proxy.url)).text).to.equal('ok');
    // The second meets the closing one and goes out on a connection of its own; the third makes a new one.
    expect(requests).to.have.length(4);
    expect(proxy.status().answers).to.deep.equal({ '2xx': 3 });
  });

  it('sends what is not safe over connections of its own, and never twice', async () => {
    let healthy = true;
    const { requests, proxy } = await rawBackend((socket) => {
      if (healthy) socket.write(OK);
      else socket.destroy();
    });
    await fetchText(proxy.url);
    healthy = false;
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      requests.length = 0;
      const answer = await fetchText(proxy.url, { method, body: method === 'DELETE' ? '' : 'x' });
      expect(answer.status).to.equal(502);
      expect(answer.text).to.include('may have been executed');
      // Head and body may come as two.
      expect(requests.filter((given) => given === method)).to.have.length(1);
    }
    requests.length = 0;
    expect((await fetchText(proxy.url, { body: 'x', headers: { 'Content-Length': 1 } })).status).to.equal(
      502,
    );
    expect(requests.filter((given) => given === 'GET')).to.have.length(1);
  });

  it('sends a GET once more when its backend died of something', async () => {
    const { requests, proxy } = await rawBackend((socket) => socket.destroy());
    expect((await fetchText(proxy.url)).status).to.equal(502);
    expect(requests).to.deep.equal(['GET', 'GET']);
  });

  it('sends nothing again of which an answer has begun', async () => {
    const { requests, proxy } = await rawBackend((socket) => socket.end('HTTP/1.1 200 OK\r\nX-A:'));
    expect((await fetchText(proxy.url)).status).to.equal(502);
    expect(requests).to.deep.equal(['GET']);
  });

  it('gives a GET to another replica when its own is killed', async () => {
    const hanging = await startBackend(cleanup, path, () => undefined);
    const proxy = await startProxy(cleanup, [hanging.identity]);
    const answer = fetchText(proxy.url);
    await until(() => hanging.requests.length === 1);
    const other = await startBackend(cleanup, join(folder, 'other.sock'), (_incoming, response) =>
      response.end('other'),
    );
    proxy.setBackends([hanging.identity, other.identity]);
    await hanging.kill();
    expect((await answer).text).to.equal('other');
    expect(other.requests).to.deep.equal(['GET /']);
  });

  it('answers 502 to a POST whose replica is killed', async () => {
    const hanging = await startBackend(cleanup, path, () => undefined);
    const other = await startBackend(cleanup, join(folder, 'other.sock'), (_incoming, response) =>
      response.end(),
    );
    const proxy = await startProxy(cleanup, [hanging.identity]);
    const answer = fetchText(proxy.url, { method: 'POST', body: 'order' });
    await until(() => hanging.requests.length === 1);
    proxy.setBackends([hanging.identity, other.identity]);
    await hanging.kill();
    expect((await answer).status).to.equal(502);
    expect(other.requests).to.deep.equal([]);
    await until(() => proxy.status().inFlight === 0);
  });

  it('goes past replicas that refuse connections with whatever method, and its body', async () => {
    const there = await startBackend(cleanup, path, (incoming, response) => void incoming.pipe(response));
    const gone = identity(join(folder, 'gone.sock'), 'Gone');
    const refusing = {
      ...gone,
      replica: 'Refusing',
      address: { kind: 'tcp', host: '127.0.0.1', port: 1 },
    } as const;
    const proxy = await startProxy(cleanup, [gone, refusing, there.identity]);
    for (let i = 0; i < 20; i++)
      expect((await fetchText(proxy.url, { method: 'POST', body: `order ${i}` })).text).to.equal(
        `order ${i}`,
      );
    expect(there.requests).to.have.length(20);
    const healthy = proxy.status().backends.map((backend) => [backend.replica, backend.healthy]);
    expect(healthy).to.deep.include(['Gone', false]);
    expect(healthy).to.deep.include(['Refusing', false]);
  });

  it('bridges the restart of the only replica on the same path', async () => {
    const first = await startBackend(cleanup, path, (_incoming, response) => response.end('first'));
    const proxy = await startProxy(cleanup, [first.identity]);
    expect((await fetchText(proxy.url)).text).to.equal('first');
    await first.kill();
    const waiting = [fetchText(proxy.url), fetchText(proxy.url, { method: 'POST', body: 'x' })];
    await until(() => proxy.status().backends[0]?.healthy === false);
    rmSync(path, { force: true });
    await startBackend(cleanup, path, (_incoming, response) => response.end('second'));
    expect((await Promise.all(waiting)).map(({ text }) => text)).to.deep.equal(['second', 'second']);
    expect(proxy.status().backends[0]?.healthy).to.equal(true);
    expect(proxy.status().answers).to.deep.equal({ '2xx': 3 });
  });

  it('holds requests until there is a backend', async () => {
    const proxy = await startProxy(cleanup, []);
    const waiting = [fetchText(proxy.url), fetchText(proxy.url, { method: 'POST', body: 'x' })];
    await until(() => proxy.status().inFlight === 2);
    const backend = await startBackend(cleanup, path, (_incoming, response) => response.end('here'));
    proxy.setBackends([backend.identity]);
    expect((await Promise.all(waiting)).map(({ text }) => text)).to.deep.equal(['here', 'here']);
  });

  it('answers 503 when none comes, or none that takes connections', async () => {
    const proxy = await startProxy(cleanup, [], { backendWaitMs: 30 });
    for (const backends of [[], [identity(path, 'Gone')]]) {
      proxy.setBackends(backends);
      const answer = await fetchText(proxy.url, { method: 'POST', body: 'x' });
      expect(answer.status).to.equal(503);
      expect(answer.headers['retry-after']).to.equal('1');
      expect(answer.text).to.equal('503: no replica serves shop at the moment; try again in a moment\n');
    }
  });

  it('answers 503 at once when too many wait already', async () => {
    const proxy = await startProxy(cleanup, [], { maxWaiting: 1 });
    const waiting = fetchText(proxy.url);
    await until(() => proxy.status().inFlight === 1);
    const answer = await fetchText(proxy.url);
    expect([answer.status, answer.text]).to.deep.equal([
      503,
      '503: too many requests wait for a replica of shop; try again in a moment\n',
    ]);
    const backend = await startBackend(cleanup, path, (_incoming, response) => response.end('here'));
    proxy.setBackends([backend.identity]);
    expect((await waiting).text).to.equal('here');
  });

  it('forgets a client that went while its request waited', async () => {
    const proxy = await startProxy(cleanup, []);
    const controller = new AbortController();
    const waiting = fetchText(proxy.url, { signal: controller.signal }).catch((reason: Error) => reason.name);
    await until(() => proxy.status().inFlight === 1);
    controller.abort();
    expect(await waiting).to.equal('AbortError');
    await until(() => proxy.status().inFlight === 0);
    const backend = await startBackend(cleanup, path, (_incoming, response) => response.end());
    proxy.setBackends([backend.identity]);
    await fetchText(proxy.url);
    expect(backend.requests).to.have.length(1);
  });

  it('balances over replicas by what they have in flight', async () => {
    const backends = await Promise.all(
      ['a', 'b'].map((name) => startBackend(cleanup, join(folder, name), () => undefined)),
    );
    const proxy = await startProxy(
      cleanup,
      backends.map((backend) => backend.identity),
    );
    const agents = new AbortController();
    const waiting = Array.from({ length: 10 }, () =>
      fetchText(proxy.url, { signal: agents.signal }).catch(() => undefined),
    );
    await until(() => proxy.status().inFlight === 10);
    expect(proxy.status().backends.map(({ inFlight }) => inFlight)).to.deep.equal([5, 5]);
    agents.abort();
    await Promise.all(waiting);
  });
});
