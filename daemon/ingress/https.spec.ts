import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectSecurely, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { CERTIFICATE_CHECK_MS } from './certificate.js';
import {
  Cleanup,
  FakeClock,
  fetchText,
  route,
  startBackend,
  startListeners,
  statusOf,
  until,
} from './fixtures/harness.js';
import { writeKeyPair } from './fixtures/key-pair.js';
import type { TlsFiles } from './ingress-routes.js';

describe('HTTPS listeners', () => {
  const cleanup = new Cleanup();
  let folder: string;
  let tls: TlsFiles;

  beforeEach(() => {
    folder = cleanup.folder();
    tls = writeKeyPair(folder, 'first');
  });
  afterEach(() => cleanup.run());

  async function open(clock?: FakeClock) {
    const backend = await startBackend(cleanup, join(folder, 'shop.sock'), (incoming, response) =>
      response.end(JSON.stringify(incoming.headers)),
    );
    const listeners = startListeners(cleanup, {}, clock);
    listeners.set.setRoutes([route([backend.identity], { tls })]);
    await until(() => statusOf(listeners.set).state === 'open');
    return { ...listeners, backend, url: statusOf(listeners.set).url };
  }

  async function presented(url: string): Promise<{ readonly socket: TLSSocket; readonly name: string }> {
    const socket = connectSecurely({
      host: '127.0.0.1',
      port: Number(new URL(url).port),
      ca: readFileSync(tls.certificate),
    });
    cleanup.add(() => void socket.destroy());
    await once(socket, 'secureConnect');
    return { socket, name: String(socket.getPeerCertificate().subject.CN) };
  }

  it('serve with the certificate, and tell the app that it was HTTPS', async () => {
    const { url } = await open();
    expect(url).to.match(/^https:/);
    const answer = await fetchText(`${url}/`, { ca: readFileSync(tls.certificate) });
    expect(JSON.parse(answer.text)).to.include({ 'x-forwarded-proto': 'https' });
  });

  it('are not harmed by a client that speaks no TLS', async () => {
    const { url, backend } = await open();
    const plain = await fetchText(url.replace('https:', 'http:')).catch((reason: Error) => reason);
    expect(plain).to.be.instanceOf(Error);
    expect(backend.requests).to.deep.equal([]);
    expect((await presented(url)).name).to.equal('first');
  });

  it('take a renewed certificate for new connections, and keep the open ones', async () => {
    const clock = new FakeClock();
    const { url, log } = await open(clock);
    const before = await presented(url);
    writeKeyPair(folder, 'second');
    clock.advance(CERTIFICATE_CHECK_MS);
    expect(log.at(-1)).to.equal('listener shop of boutique has a new certificate');
    expect((await presented(url)).name).to.equal('second');
    const answered = once(before.socket, 'data');
    before.socket.write('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
    expect(String((await answered)[0])).to.match(/^HTTP\/1.1 200/);
  });

  it('keep the former certificate when the renewed one cannot be used, and say so once', async () => {
    const clock = new FakeClock();
    const { url, log } = await open(clock);
    const former = readFileSync(tls.certificate);
    writeFileSync(tls.certificate, 'cut short');
    clock.advance(CERTIFICATE_CHECK_MS);
    clock.advance(CERTIFICATE_CHECK_MS);
    const said = log.filter((line) => line.includes('keeps its former certificate'));
    expect(said).to.have.lengthOf(1);
    expect(said[0]).to.include(`${tls.certificate} is no PEM certificate`);
    writeFileSync(tls.certificate, former);
    expect((await presented(url)).name).to.equal('first');
  });

  it('say what is wrong with the files, and open when it is mended', async () => {
    chmodSync(tls.key, 0o644);
    const { set } = startListeners(cleanup, { reopenFirstMs: 5, reopenMaxMs: 10 });
    set.setRoutes([route([], { tls })]);
    expect(statusOf(set).reason).to.match(
      /shop\.key may be used by every user of this machine; chmod 640 .*\(\[listeners\.shop\] tls in weaver\.toml\)$/,
    );
    chmodSync(tls.key, 0o600);
    await until(() => statusOf(set).state === 'open');
    set.setRoutes([route([], { tls: { ...tls, certificate: join(folder, 'none.pem') } })]);
    expect(statusOf(set).reason).to.include('none.pem (tls.certificate) cannot be read');
  });
});
