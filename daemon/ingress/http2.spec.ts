import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type ClientHttp2Session,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  Cleanup,
  fetchText,
  readText,
  route,
  startBackend,
  startListeners,
  statusOf,
  until,
} from './fixtures/harness.js';
import { writeKeyPair } from './fixtures/key-pair.js';
import type { TlsFiles } from './ingress-routes.js';
import type { ProxyLimits } from './proxy-limits.js';

describe('HTTP/2', () => {
  const cleanup = new Cleanup();
  let folder: string;
  let tls: TlsFiles;

  beforeEach(() => {
    folder = cleanup.folder();
    tls = writeKeyPair(folder, 'shop');
  });
  afterEach(() => cleanup.run());

  async function open(
    handler: (incoming: IncomingMessage, response: ServerResponse) => void,
    limits: Partial<ProxyLimits> = {},
  ) {
    const backend = await startBackend(cleanup, join(folder, 'shop.sock'), handler);
    const { set } = startListeners(cleanup, limits);
    set.setRoutes([route([backend.identity], { tls })]);
    await until(() => statusOf(set).state === 'open');
    return { backend, set, session: connected(statusOf(set).url), url: statusOf(set).url };
  }

  function connected(url: string): ClientHttp2Session {
    const session = connect(url, { ca: readFileSync(tls.certificate), maxSessionMemory: 100 });
    session.on('error', () => undefined);
    cleanup.add(() => session.destroy());
    return session;
  }

  async function exchange(
    session: ClientHttp2Session,
    headers: OutgoingHttpHeaders,
    body?: string | Buffer,
  ): Promise<{ readonly headers: IncomingHttpHeaders; readonly text: string }> {
    const stream = session.request(headers, { endStream: body === undefined });
    if (body !== undefined) stream.end(body);
    const [answered] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return { headers: answered, text: Buffer.concat(chunks).toString('latin1') };
  }

  it('reaches the app as HTTP/1.1 would: host, cookies, forwarded fields', async () => {
    const { session } = await open((incoming, response) => {
      response.setHeader('Set-Cookie', ['a=1', 'b=2']);
      response.end(JSON.stringify([incoming.httpVersion, incoming.url, incoming.headers]));
    });
    const answer = await exchange(session, {
      ':path': '/tea?pot=1',
      ':authority': 'shop.example',
      cookie: ['one=1', 'two=2'],
    });
    const [version, url, headers] = JSON.parse(answer.text);
    expect([version, url]).to.deep.equal(['1.1', '/tea?pot=1']);
    expect(headers).to.include({
      host: 'shop.example',
      cookie: 'one=1; two=2',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'shop.example',
    });
    expect(Object.keys(headers).filter((name) => name.startsWith(':'))).to.deep.equal([]);
    expect(answer.headers['set-cookie']).to.deep.equal(['a=1', 'b=2']);
  });

  it('carries large bodies both ways, many at a time over one connection', async () => {
    const { session, backend } = await open((incoming, response) => incoming.pipe(response));
    const bodies = Array.from({ length: 20 }, () => randomBytes(512 * 1024));
    const answers = await Promise.all(bodies.map((body) => exchange(session, { ':method': 'PUT' }, body)));
    for (const [index, { text }] of answers.entries())
      expect(text === bodies[index]?.toString('latin1'), `body ${index}`).to.equal(true);
    expect(backend.requests).to.have.lengthOf(20);
  });

  it('answers HEAD', async () => {
    const { session } = await open((_incoming, response) =>
      response.writeHead(200, { 'X-Head': 'yes' }).end(),
    );
    expect((await exchange(session, { ':method': 'HEAD' })).headers).to.include({
      ':status': 200,
      'x-head': 'yes',
    });
  });

  it('passes trailers on both ways', async () => {
    const { session } = await open((incoming, response) => {
      void readText(incoming).then(() => {
        response.writeHead(200, { Trailer: 'X-Sum' });
        response.write('x');
        response.addTrailers({ 'X-Sum': String(incoming.trailers['x-count'] ?? 'none') });
        response.end();
      });
    });
    const stream = session.request({ ':method': 'POST' }, { endStream: false, waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-count': '3' }));
    stream.end('body');
    const [trailers] = (await once(stream.resume(), 'trailers')) as [IncomingHttpHeaders];
    expect(trailers['x-sum']).to.equal('3');
  });

  it('aborts at the backend what its client gave up, and nothing else of the connection', async () => {
    let aborted = 0;
    const { session, set } = await open((incoming, response) => {
      if (incoming.url === '/quick') return void response.end('quick');
      response.on('close', () => aborted++);
      response.flushHeaders();
    });
    const slow = session.request({ ':path': '/slow' });
    await once(slow, 'response');
    slow.close(constants.NGHTTP2_CANCEL);
    expect((await exchange(session, { ':path': '/quick' })).text).to.equal('quick');
    await until(() => aborted === 1 && statusOf(set).inFlight === 0);
    expect(session.destroyed).to.equal(false);
  });

  it('breaks one stream off when its backend does', async () => {
    const { session } = await open((incoming, response) => {
      if (incoming.url === '/whole') return void response.end('whole');
      response.write('half');
      setImmediate(() => incoming.socket.destroy());
    });
    const broken = await exchange(session, { ':path': '/half' }).catch(
      (reason: NodeJS.ErrnoException) => reason,
    );
    expect(broken).to.be.instanceOf(Error);
    expect((await exchange(session, { ':path': '/whole' })).text).to.equal('whole');
  });

  it('refuses two hosts, and what HTTP/2 forbids, before it reaches the app', async () => {
    const { session, backend } = await open((_incoming, response) => response.end());
    const refused = await exchange(session, { ':authority': 'shop.example', host: 'other.example' });
    expect(refused.headers[':status']).to.equal(400);
    expect(backend.requests).to.deep.equal([]);
  });

  it('survives a flood of requests that are cancelled at once', async () => {
    const { session, url, set } = await open((_incoming, response) => response.end('ok'));
    for (let i = 0; i < 3000 && !session.destroyed && !session.closed; i++) {
      const stream = session.request({ ':path': '/' });
      stream.on('error', () => undefined);
      stream.close(constants.NGHTTP2_CANCEL);
    }
    await until(() => statusOf(set).inFlight === 0);
    expect((await exchange(connected(url), { ':path': '/' })).text).to.equal('ok');
  });

  it('lets requests finish when the listener goes, and tells the client to make another connection', async () => {
    let finish: (() => void) | undefined;
    const { session, set } = await open((_incoming, response) => {
      finish = () => response.end('done');
    });
    const answered = exchange(session, { ':path': '/' });
    await until(() => finish !== undefined);
    const goaway = once(session, 'goaway');
    const closed = set.close(20_000);
    await goaway;
    finish?.();
    expect((await answered).text).to.equal('done');
    await closed;
  });

  it('leaves HTTP/1.1 to those who ask for it', async () => {
    const { url } = await open((_incoming, response) => response.end('plain'));
    expect((await fetchText(url, { ca: readFileSync(tls.certificate) })).text).to.equal('plain');
  });
});
