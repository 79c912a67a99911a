import { expect } from 'chai';
import fc from 'fast-check';
import {
  type ReceivedHead,
  requestHead,
  responseHead,
  trailerPairs,
  tunnelledProtocol,
} from './request-head.js';

const received = (more: Partial<ReceivedHead> = {}): ReceivedHead => ({
  method: 'GET',
  url: '/',
  rawHeaders: ['Host', 'shop.example'],
  peer: '203.0.113.9',
  trusted: false,
  scheme: 'http',
  fallbackHost: '127.0.0.1:8080',
  ...more,
});

function forwarded(more: Partial<ReceivedHead>, upgrade?: string) {
  const head = requestHead(received(more), upgrade);
  if (head.kind !== 'forward') throw new Error(`refused: ${head.message}`);
  return { ...head, fields: fieldsOf(head.headers) };
}

function fieldsOf(headers: readonly string[]): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]?.toLowerCase() ?? '';
    fields[name] = [...(fields[name] ?? []), headers[i + 1] ?? ''];
  }
  return fields;
}

describe('requestHead', () => {
  it('ends hop-by-hop fields and those named in Connection, and keeps the rest as it came', () => {
    const { fields } = forwarded({
      rawHeaders: [
        ...['Host', 'shop.example', 'Connection', 'close, X-Secret', 'X-Secret', '1', 'Keep-Alive', '5'],
        ...['TE', 'gzip', 'Proxy-Authorization', 'x', 'Upgrade', 'foo', 'Cookie', 'a=1', 'Cookie', 'b=2'],
        ...[
          'Traceparent',
          '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
          'Forwarded',
          'for=1.2.3.4',
        ],
      ],
    });
    expect(fields).to.deep.equal({
      host: ['shop.example'],
      cookie: ['a=1', 'b=2'],
      traceparent: ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
      forwarded: ['for=1.2.3.4'],
      'x-forwarded-for': ['203.0.113.9'],
      'x-forwarded-proto': ['http'],
      'x-forwarded-host': ['shop.example'],
    });
  });

  it('does not let Connection remove what frames or addresses the request', () => {
    const { fields, body } = forwarded({
      method: 'POST',
      rawHeaders: ['Host', 'a', 'Content-Length', '3', 'Connection', 'content-length, host, x-forwarded-for'],
    });
    expect(body).to.equal('sized');
    expect(fields['content-length']).to.deep.equal(['3']);
    expect(fields.host).to.deep.equal(['a']);
    expect(fields['x-forwarded-for']).to.deep.equal(['203.0.113.9']);
  });

  it('replaces X-Forwarded fields of strangers and extends those of this machine', () => {
    const rawHeaders = [
      ...['Host', 'inner', 'X-Forwarded-For', '198.51.100.7', 'X-Forwarded-Proto', 'https'],
      ...['X-Forwarded-Host', 'shop.example', 'X-Forwarded-Prefix', '/admin'],
    ];
    const stranger = forwarded({ rawHeaders }).fields;
    expect(stranger['x-forwarded-for']).to.deep.equal(['203.0.113.9']);
    expect(stranger['x-forwarded-proto']).to.deep.equal(['http']);
    expect(stranger['x-forwarded-host']).to.deep.equal(['inner']);
    expect(stranger).not.to.have.property('x-forwarded-prefix');
    const neighbour = forwarded({ rawHeaders, peer: '::ffff:127.0.0.1', trusted: true }).fields;
    expect(neighbour['x-forwarded-for']).to.deep.equal(['198.51.100.7, 127.0.0.1']);
    expect(neighbour['x-forwarded-proto']).to.deep.equal(['https']);
    expect(neighbour['x-forwarded-host']).to.deep.equal(['shop.example']);
    expect(neighbour['x-forwarded-prefix']).to.deep.equal(['/admin']);
  });

  it('resends safe methods without a body only', () => {
    const length = (bytes: string) => ['Host', 'a', 'Content-Length', bytes];
    expect(forwarded({ method: 'GET' }).resendable).to.equal(true);
    expect(forwarded({ method: 'HEAD' }).resendable).to.equal(true);
    expect(forwarded({ method: 'GET', rawHeaders: length('0') }).resendable).to.equal(true);
    expect(forwarded({ method: 'GET', rawHeaders: length('5') }).resendable).to.equal(false);
    expect(forwarded({ method: 'POST' }).resendable).to.equal(false);
    expect(forwarded({ method: 'DELETE' }).resendable).to.equal(false);
    expect(forwarded({ method: 'PUT', rawHeaders: length('0') }).resendable).to.equal(false);
  });

  it('says that an absent body is empty where one is usual', () => {
    expect(forwarded({ method: 'POST' }).fields['content-length']).to.deep.equal(['0']);
    expect(forwarded({ method: 'DELETE' }).fields).not.to.have.property('content-length');
  });

  it('takes the host of an absolute target, and its path', () => {
    const { path, fields } = forwarded({ url: 'http://other.example:81?q=1' });
    expect(path).to.equal('/?q=1');
    expect(fields.host).to.deep.equal(['other.example:81']);
    expect(forwarded({ url: '*', method: 'OPTIONS' }).path).to.equal('*');
  });

  it('refuses what two parsers could read differently', () => {
    const status = (more: Partial<ReceivedHead>, upgrade?: string) => {
      const head = requestHead(received(more), upgrade);
      return head.kind === 'refuse' ? head.status : undefined;
    };
    expect(status({ rawHeaders: ['Host', 'a', 'host', 'b'] })).to.equal(400);
    expect(status({ url: 'ftp://x/' })).to.equal(400);
    expect(status({ url: 'http://user@x/' })).to.equal(400);
    expect(status({ url: 'x' })).to.equal(400);
    expect(status({ rawHeaders: ['Host', 'a', 'Transfer-Encoding', 'gzip, chunked'] })).to.equal(501);
    expect(
      status({ rawHeaders: ['Host', 'a', 'Transfer-Encoding', 'chunked', 'transfer-encoding', 'chunked'] }),
    ).to.equal(501);
    expect(status({ rawHeaders: ['Host', 'a', 'Content-Length', '1'] }, 'websocket')).to.equal(400);
  });

  it('has one host, one framing and no hop-by-hop field, whatever comes in', () => {
    const name = fc.constantFrom(
      ...[
        'Host',
        'Connection',
        'Keep-Alive',
        'TE',
        'Trailer',
        'Upgrade',
        'Content-Length',
        'Transfer-Encoding',
      ],
      ...['X-Forwarded-For', 'X-A', 'x-b', 'Cookie', 'Expect', 'proxy-connection'],
    );
    const value = fc.constantFrom(
      'chunked',
      '5',
      '0',
      'close',
      'x-a, host',
      'trailers',
      'websocket',
      '1.2.3.4',
    );
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD');
    const peer = fc.constantFrom('127.0.0.1', '::1', '203.0.113.9');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), method, peer, (pairs, method, peer) => {
        const head = requestHead(received({ method, peer, rawHeaders: pairs.flat() }));
        if (head.kind === 'refuse') return;
        const fields = fieldsOf(head.headers);
        expect(fields.host).to.have.length(1);
        expect(fields['x-forwarded-for']).to.have.length(1);
        for (const gone of ['connection', 'keep-alive', 'upgrade', 'proxy-connection'])
          expect(fields).not.to.have.property(gone);
        expect(fields.te ?? ['trailers']).to.deep.equal(['trailers']);
        if (head.body === 'chunked') {
          expect(fields['transfer-encoding']).to.deep.equal(['chunked']);
          expect(fields).not.to.have.property('content-length');
        } else {
          expect(fields).not.to.have.property('transfer-encoding');
          expect(fields).not.to.have.property('trailer');
        }
      }),
    );
  });
});

describe('responseHead', () => {
  it('ends hop-by-hop fields, and keeps those that repeat', () => {
    const headers = [
      'Set-Cookie',
      'a=1',
      'Connection',
      'close',
      'Set-Cookie',
      'b=2',
      'Keep-Alive',
      'timeout=5',
    ];
    expect(responseHead(headers, { chunked: true })).to.deep.equal([
      'Set-Cookie',
      'a=1',
      'Set-Cookie',
      'b=2',
    ]);
  });

  it('announces trailers only where they can follow', () => {
    const trailer = ['Trailer', 'X-Sum'];
    expect(responseHead(trailer, { chunked: true })).to.deep.equal(trailer);
    expect(responseHead(trailer, { chunked: false })).to.deep.equal([]);
    expect(responseHead([...trailer, 'Content-Length', '1'], { chunked: true })).to.deep.equal([
      'Content-Length',
      '1',
    ]);
  });

  it('does not know codings that it cannot pass on', () => {
    expect(responseHead(['Transfer-Encoding', 'gzip, chunked'], { chunked: true })).to.equal(undefined);
  });
});

describe('the ingress and upgrades, trailers, addresses', () => {
  it('tunnels WebSocket and other protocols, but neither HTTP/2 nor TLS', () => {
    expect(tunnelledProtocol('websocket')).to.equal('websocket');
    expect(tunnelledProtocol('h2c')).to.equal(undefined);
    expect(tunnelledProtocol('foo, h2c')).to.equal(undefined);
    expect(tunnelledProtocol('TLS/1.2')).to.equal(undefined);
    expect(tunnelledProtocol(undefined)).to.equal(undefined);
  });

  it('passes no trailer on that frames or addresses a message', () => {
    expect(trailerPairs(['X-Sum', '1', 'Content-Length', '5', 'Transfer-Encoding', 'x'])).to.deep.equal([
      ['X-Sum', '1'],
    ]);
  });
});
