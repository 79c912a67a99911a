import { once } from 'node:events';
import { Agent, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  Cleanup,
  fetchText,
  identity,
  route,
  startBackend,
  startListeners,
  startProxy,
  statusOf,
  until,
} from './fixtures/harness.js';

describe('public listeners', () => {
  const cleanup = new Cleanup();
  let path: string;

  beforeEach(() => {
    path = join(cleanup.folder(), 'shop.sock');
  });
  afterEach(() => cleanup.run());

  const occupy = async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanup.add(() => void server.close());
    return { server, port: (server.address() as AddressInfo).port };
  };

  it('answer health checks themselves', async () => {
    const backend = await startBackend(cleanup, path, (_incoming, response) => response.end('app'));
    const proxy = await startProxy(cleanup, [backend.identity]);
    const health = await fetchText(`${proxy.url}/.weaverd/health`);
    expect([health.status, health.text]).to.deep.equal([200, '{"status":"ok","backends":1}']);
    expect((await fetchText(`${proxy.url}/.weaverd/health`, { method: 'HEAD' })).status).to.equal(200);
    expect((await fetchText(`${proxy.url}/.weaverd/healthy`)).text).to.equal('app');
    proxy.setBackends([]);
    const without = await fetchText(`${proxy.url}/.weaverd/health?x`);
    expect([without.status, without.text]).to.deep.equal([503, '{"status":"unavailable","backends":0}']);
    expect(backend.requests).to.deep.equal(['GET /.weaverd/healthy']);
  });

  it('say that their port is taken, and open it when it is free', async () => {
    const { server, port } = await occupy();
    const { set, log } = startListeners(cleanup, { reopenFirstMs: 10, reopenMaxMs: 20 });
    set.setRoutes([route([], { port })]);
    await until(() => statusOf(set).state === 'failed');
    const reason = `port ${port} on 127.0.0.1 is taken by another process (EADDRINUSE); choose another [listeners.shop] port in weaver.toml or stop that process`;
    expect(statusOf(set)).to.include({ reason, url: `http://127.0.0.1:${port}` });
    await new Promise((resolve) => server.close(resolve));
    await until(() => statusOf(set).state === 'open');
    expect(statusOf(set).reason).to.equal(undefined);
    expect((await fetchText(`http://127.0.0.1:${port}/.weaverd/health`)).status).to.equal(503);
    // Said once, not at each attempt.
    expect(log.filter((line) => line.includes('EADDRINUSE'))).to.have.length(1);
  });

  it('say which listener of ours has the port', async () => {
    const { set } = startListeners(cleanup);
    set.setRoutes([route([])]);
    await until(() => statusOf(set).state === 'open');
    const port = Number(new URL(statusOf(set).url).port);
    set.setRoutes([route([]), route([], { app: 'other', port })]);
    await until(() => set.status()[1]?.state === 'failed');
    expect(set.status()[1]?.reason).to.match(
      /^port \d+ on 127\.0\.0\.1 is taken by listener shop of boutique \(EADDRINUSE\)/,
    );
  });

  it('say what is wrong with a host', async () => {
    const { set } = startListeners(cleanup);
    set.setRoutes([route([], { host: '203.0.113.1' })]);
    await until(() => statusOf(set).state === 'failed');
    expect(statusOf(set).reason).to.include('203.0.113.1 is not an address of this machine');
  });

  it('prefer the port they had, and do without it when it is taken', async () => {
    const { server, port } = await occupy();
    const one = startListeners(cleanup).set;
    one.setRoutes([route([], { preferredPort: port })]);
    await until(() => statusOf(one).state === 'open');
    expect(statusOf(one).url).not.to.include(`:${port}`);
    await new Promise((resolve) => server.close(resolve));
    const other = startListeners(cleanup).set;
    other.setRoutes([route([], { preferredPort: port })]);
    await until(() => statusOf(other).state === 'open');
    expect(statusOf(other).url).to.equal(`http://127.0.0.1:${port}`);
  });

  it('let a request finish on a backend that was removed', async () => {
    let held: ServerResponse | undefined;
    const old = await startBackend(cleanup, path, (_incoming, response) => {
      held = response;
    });
    const young = await startBackend(cleanup, `${path}2`, (_incoming, response) => response.end('young'));
    const proxy = await startProxy(cleanup, [old.identity]);
    const answer = fetchText(proxy.url);
    await until(() => held !== undefined);
    proxy.setBackends([young.identity]);
    expect((await fetchText(proxy.url, { method: 'POST' })).text).to.equal('young');
    expect(proxy.status().backends.map(({ inFlight, draining }) => [inFlight, draining])).to.deep.equal([
      [1, true],
      [0, false],
    ]);
    held?.end('old');
    expect((await answer).text).to.equal('old');
    await until(() => proxy.status().backends.length === 1);
  });

  it('close their port at once when their route goes, and finish what is in flight', async () => {
    const held: ServerResponse[] = [];
    const backend = await startBackend(cleanup, path, (_incoming, response) => held.push(response));
    const { set } = startListeners(cleanup);
    set.setRoutes([route([backend.identity])]);
    await until(() => statusOf(set).state === 'open');
    const { url } = statusOf(set);
    const agent = new Agent({ keepAlive: true });
    cleanup.add(() => agent.destroy());
    const answer = fetchText(url, { agent });
    await until(() => held.length === 1);
    set.setRoutes([]);
    const refused = await fetchText(url).catch((reason: NodeJS.ErrnoException) => reason.code);
    expect(refused).to.equal('ECONNREFUSED');
    held[0]?.end('last');
    const { text, headers } = await answer;
    expect([text, headers.connection]).to.deep.equal(['last', 'close']);
    await set.close(10_000);
  });

  it('move to another port without losing what is in flight', async () => {
    const { server, port } = await occupy();
    await new Promise((resolve) => server.close(resolve));
    const held: ServerResponse[] = [];
    const backend = await startBackend(cleanup, path, (_incoming, response) => held.push(response));
    const { set } = startListeners(cleanup);
    set.setRoutes([route([backend.identity])]);
    await until(() => statusOf(set).state === 'open');
    const before = fetchText(statusOf(set).url);
    await until(() => held.length === 1);
    set.setRoutes([route([backend.identity], { port })]);
    await until(() => statusOf(set).state === 'open');
    const after = fetchText(`http://127.0.0.1:${port}`);
    await until(() => held.length === 2);
    for (const response of held) response.end('done');
    expect((await before).text + (await after).text).to.equal('donedone');
  });

  it('cut what does not finish', async () => {
    const backend = await startBackend(cleanup, path, () => undefined);
    const { set } = startListeners(cleanup);
    set.setRoutes([route([backend.identity])]);
    await until(() => statusOf(set).state === 'open');
    const answer = fetchText(statusOf(set).url).catch((reason: NodeJS.ErrnoException) => reason.code);
    await until(() => set.inFlight === 1);
    await set.close(10);
    expect(await answer).to.equal('ECONNRESET');
  });

  it('close idle connections when they go', async () => {
    const { set } = startListeners(cleanup);
    set.setRoutes([route([identity(path, 'Gone')])]);
    await until(() => statusOf(set).state === 'open');
    const client = connect({ host: '127.0.0.1', port: Number(new URL(statusOf(set).url).port) });
    client.write('GET /.weaverd/health HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(client, 'data');
    const closed = once(client, 'close');
    await set.close(10_000);
    await closed;
  });
});
