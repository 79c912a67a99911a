import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
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
  startRawBackend,
  until,
} from './fixtures/harness.js';

describe('forwarding of requests', () => {
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

  it('passes method, path, status, fields and bodies on', async () => {
    const { proxy } = await proxyFor((incoming, response) => {
      void readText(incoming).then((text) => {
        response.writeHead(418, 'Short and stout', { 'X-Seen': `${incoming.method} ${incoming.url}` });
        response.end(text.toUpperCase());
      });
    });
    const answer = await fetchText(`${proxy.url}/tea?pot=1`, { method: 'POST', body: 'milk' });
    expect(answer.status).to.equal(418);
    expect(answer.headers['x-seen']).to.equal('POST /tea?pot=1');
    expect(answer.text).to.equal('MILK');
    expect(proxy.status().answers).to.deep.equal({ '4xx': 1 });
  });

  it('carries large bodies both ways, whole', async () => {
    const { proxy } = await proxyFor((incoming, response) => incoming.pipe(response));
    const body = randomBytes(4 * 1024 * 1024);
    for (const headers of [{}, { 'Transfer-Encoding': 'chunked' }]) {
      const answer = await fetchText(proxy.url, { method: 'PUT', body, headers });
      expect(answer.text === body.toString('latin1')).to.equal(true);
    }
    expect(proxy.status().inFlight).to.equal(0);
  });

  it('streams both ways at once', async () => {
    const { proxy } = await proxyFor((incoming, response) => incoming.pipe(response));
    const outgoing = request(proxy.url, { method: 'POST', agent: false });
    outgoing.flushHeaders();
    outgoing.write('one');
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect(String((await once(answer, 'data'))[0])).to.equal('one');
    outgoing.write('two');
    expect(String((await once(answer, 'data'))[0])).to.equal('two');
    outgoing.end();
    await once(answer, 'end');
  });

  it('passes server-sent events on as they come, and the head before them', async () => {
    let events: ServerResponse | undefined;
    const { proxy } = await proxyFor((_incoming, response) => {
      events = response;
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.flushHeaders();
    });
    const outgoing = request(proxy.url, { agent: false });
    outgoing.end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      events?.write(event);
      expect(String((await once(answer, 'data'))[0])).to.equal(event);
    }
    outgoing.destroy();
    // The backend hears that the client has gone.
    if (events !== undefined) await once(events, 'close');
    await until(() => proxy.status().inFlight === 0);
  });

  it('answers HEAD, 204 and 304 without a body', async () => {
    const { proxy } = await proxyFor((incoming, response) => {
      response.statusCode = Number(incoming.url?.slice(1));
      response.setHeader('ETag', '"x"');
      if (response.statusCode === 200) response.setHeader('Content-Length', '5');
      response.end(response.statusCode === 200 ? 'hello' : undefined);
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    cleanup.add(() => agent.destroy());
    const head = await fetchText(`${proxy.url}/200`, { method: 'HEAD', agent });
    expect([head.status, head.headers['content-length'], head.text]).to.deep.equal([200, '5', '']);
    for (const status of [204, 304]) {
      const answer = await fetchText(`${proxy.url}/${status}`, { agent });
      expect([answer.status, answer.headers.etag, answer.text]).to.deep.equal([status, '"x"', '']);
    }
  });

  it('passes trailers on both ways', async () => {
    const { proxy } = await proxyFor((incoming, response) => {
      void readText(incoming).then(() => {
        response.writeHead(200, { Trailer: 'X-Sum' });
        response.write('body');
        response.addTrailers({ 'X-Sum': String(incoming.trailers['x-count']) });
        response.end();
      });
    });
    const outgoing = request(proxy.url, { method: 'POST', agent: false, headers: { Trailer: 'X-Count' } });
    outgoing.write('x');
    outgoing.addTrailers({ 'X-Count': '7' });
    outgoing.end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect(await readText(answer)).to.equal('body');
    expect(answer.trailers).to.deep.equal({ 'x-sum': '7' });
  });

  it('leaves it to the backend whether the body may come', async () => {
    const { backend, proxy } = await proxyFor((incoming, response) => void incoming.pipe(response));
    backend.server.on('checkContinue', (incoming: IncomingMessage, response: ServerResponse) => {
      if (incoming.url === '/no') {
        response.writeHead(413).end();
        return;
      }
      response.writeContinue();
      incoming.pipe(response);
    });
    const headers = { Expect: '100-continue', 'Content-Length': '4' };
    const welcome = request(`${proxy.url}/yes`, { method: 'POST', agent: false, headers });
    welcome.flushHeaders();
    await once(welcome, 'continue');
    welcome.end('body');
    const [answer] = (await once(welcome, 'response')) as [IncomingMessage];
    expect(await readText(answer)).to.equal('body');
    const refused = request(`${proxy.url}/no`, { method: 'POST', agent: false, headers });
    refused.on('error', () => undefined);
    refused.flushHeaders();
    const [refusal] = (await once(refused, 'response')) as [IncomingMessage];
    expect(refusal.statusCode).to.equal(413);
    refused.destroy();
  });

  it('passes early hints on', async () => {
    const { proxy } = await proxyFor((_incoming, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
      response.end('page');
    });
    const outgoing = request(proxy.url, { agent: false });
    const responded = once(outgoing, 'response');
    const informed = once(outgoing, 'information');
    outgoing.end();
    const [hints] = await informed;
    expect(hints.statusCode).to.equal(103);
    expect(hints.headers.link).to.equal('</style.css>; rel=preload; as=style');
    const [answer] = (await responded) as [IncomingMessage];
    expect(await readText(answer)).to.equal('page');
  });

  it('serves HTTP/1.0 clients, without chunks', async () => {
    const { proxy } = await proxyFor((incoming, response) => {
      response.writeHead(200, { Trailer: 'X-Sum' });
      response.write(`host ${incoming.headers.host}`);
      response.end();
    });
    const text = await exchange(proxy.port, 'GET / HTTP/1.0\r\n\r\n');
    expect(text).to.match(new RegExp(`\r\n\r\nhost 127.0.0.1:${proxy.port}$`));
    expect(text).not.to.match(/chunked|trailer/i);
  });

  it('keeps connections to the backend for safe requests', async () => {
    const { backend, proxy } = await proxyFor((_incoming, response) => response.end('ok'));
    for (let i = 0; i < 10; i++) await fetchText(proxy.url);
    expect(backend.requests).to.have.length(10);
    expect(backend.connections).to.equal(1);
  });

  it('lets a slow client slow the backend down', async () => {
    let written = 0;
    const { proxy } = await proxyFor((_incoming, response) => {
      const chunk = Buffer.alloc(64 * 1024);
      const fill = () => {
        while (written < 64 * 1024 * 1024) {
          written += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', fill);
        }
        response.end();
      };
      fill();
    });
    const client = connect({ host: '127.0.0.1', port: proxy.port });
    client.pause();
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    // It stops when the buffers of sockets and streams are full.
    for (let before = -1; written === 0 || before !== written; ) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(written).to.be.lessThan(32 * 1024 * 1024);
    let received = 0;
    client.on('data', (chunk) => {
      received += chunk.length;
    });
    client.resume();
    await until(() => received >= 64 * 1024 * 1024);
    client.destroy();
  });

  it('lets a slow backend slow the client down', async () => {
    let incoming: IncomingMessage | undefined;
    const { proxy } = await proxyFor((given, response) => {
      incoming = given;
      given.on('end', () => response.end('done'));
    });
    const outgoing = request(proxy.url, { method: 'POST', agent: false });
    const chunk = Buffer.alloc(64 * 1024);
    let written = 0;
    while (outgoing.write(chunk) || (await drains(outgoing))) {
      written += chunk.length;
      expect(written).to.be.lessThan(32 * 1024 * 1024);
    }
    outgoing.end();
    incoming?.resume();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect(await readText(answer)).to.equal('done');
  });

  it('aborts at the backend what its client gave up', async () => {
    let closed = 0;
    const { backend, proxy } = await proxyFor((_incoming, response) => response.on('close', () => closed++));
    const waiting = request(proxy.url, { agent: false });
    waiting.on('error', () => undefined);
    waiting.end();
    await until(() => backend.requests.length === 1);
    waiting.destroy();
    await until(() => closed === 1);
    const uploading = request(proxy.url, { method: 'POST', agent: false });
    uploading.on('error', () => undefined);
    uploading.write('part');
    await until(() => backend.requests.length === 2);
    uploading.destroy();
    await until(() => closed === 2);
    await until(() => proxy.status().inFlight === 0);
    expect(proxy.status().answers).to.deep.equal({ aborted: 2 });
    expect(proxy.status().backends[0]?.inFlight).to.equal(0);
  });

  it("breaks the client's answer off where the backend broke off", async () => {
    const { backend, proxy } = await proxyFor((incoming, response) => {
      if (incoming.url === '/sized') response.setHeader('Content-Length', '1000');
      response.write('part');
    });
    for (const url of [`${proxy.url}/sized`, `${proxy.url}/chunked`]) {
      const outgoing = request(url, { agent: false });
      outgoing.end();
      const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
      await once(answer, 'data');
      for (const socket of backend.sockets) socket.destroy();
      const error = await readText(answer).then(
        () => undefined,
        (reason: NodeJS.ErrnoException) => reason,
      );
      expect(error?.code).to.equal('ECONNRESET');
    }
    await until(() => proxy.status().inFlight === 0);
  });

  it('goes on with the connection after an answer that came before the body did', async () => {
    const { proxy } = await proxyFor((incoming, response) => {
      if (incoming.method === 'POST') response.writeHead(403).end('no');
      else response.end('yes');
    });
    const client = connect({ host: '127.0.0.1', port: proxy.port });
    cleanup.add(() => void client.destroy());
    client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf');
    expect(String((await once(client, 'data'))[0])).to.match(/^HTTP\/1\.1 403 /);
    client.write('restGET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(String((await once(client, 'data'))[0])).to.match(/^HTTP\/1\.1 200 /);
  });

  it('answers 502 to what is no HTTP', async () => {
    const raw = await startRawBackend(cleanup, path, (socket) =>
      socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.2\r\n')),
    );
    const proxy = await startProxy(cleanup, [raw.identity]);
    expect((await fetchText(proxy.url)).status).to.equal(502);
  });
});

/** Whether there is room again soon; false when the other side has stopped reading. */
function drains(outgoing: NodeJS.WritableStream): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), 500);
    outgoing.once('drain', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
