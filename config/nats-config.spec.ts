import { expect } from 'chai';
import { natsConfigSchema, resolveNatsConfig } from './nats-config.js';

const ONE = ['nats://10.0.0.1:4222'];
const THREE = [...ONE, 'tls://nats-2.example.com:4222', 'nats://[fd00::3]:4222'];

describe('nats configuration', () => {
  const resolved = (given: object) => resolveNatsConfig(natsConfigSchema.parse(given), '/etc/weaverd');
  const refusal = (given: object) => natsConfigSchema.safeParse(given).error?.issues[0]?.message;

  it('keeps each bucket on three of three servers, unless told otherwise', () => {
    expect(resolved({ servers: ONE })).to.deep.equal({ servers: ONE, replicas: 1 });
    expect(resolved({ servers: THREE }).replicas).to.equal(3);
    expect(resolved({ servers: THREE, replicas: 1 }).replicas).to.equal(1);
    expect(resolved({ servers: ONE, replicas: 3 }).replicas).to.equal(3);
  });

  it('takes files relative to its own', () => {
    const tls = { caFile: 'ca.pem', certFile: 'cert.pem', keyFile: '/run/key.pem' };
    expect(resolved({ servers: ONE, nkeyFile: 'host.nk', tls })).to.deep.include({
      credentials: { kind: 'nkey', file: '/etc/weaverd/host.nk' },
      tls: { caFile: '/etc/weaverd/ca.pem', certFile: '/etc/weaverd/cert.pem', keyFile: '/run/key.pem' },
    });
    expect(resolved({ servers: ONE, credentialsFile: 'a' }).credentials?.kind).to.equal('creds');
    expect(resolved({ servers: ONE, userFile: 'a' }).credentials?.kind).to.equal('user');
    expect(resolved({ servers: ONE, tokenFile: 'a' }).credentials?.kind).to.equal('token');
  });

  it('refuses credentials in addresses, two kinds of them, and half a certificate', () => {
    expect(refusal({ servers: ['nats://u:p@10.0.0.1:4222'] })).to.contain('belong into a file');
    expect(refusal({ servers: ['http://10.0.0.1'] })).to.contain('such as "nats://');
    expect(refusal({ servers: ONE, userFile: 'a', tokenFile: 'b' })).to.contain('one of');
    expect(refusal({ servers: ONE, tls: { certFile: 'a' } })).to.contain('together');
    expect(refusal({ servers: [] })).to.be.a('string');
    expect(refusal({ servers: ONE, replicas: 2 })).to.be.a('string');
  });
});
