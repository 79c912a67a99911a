import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { nkeys } from 'nats';
import type { NatsConfig, NatsCredentials } from '../../../config/nats-config.js';
import { eventually } from '../../../test/support/eventually.js';
import { NatsServer } from '../../../test/support/nats-server.js';
import type { NatsBus } from './nats-bus.js';
import { becomes, OpenedBuses } from './spec-support/opened-buses.js';

describe('nats bus: who may connect', () => {
  let folder: string;
  let server: NatsServer | undefined;
  let buses: OpenedBuses;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weaverd-nats-access-'));
    buses = new OpenedBuses();
  });
  afterEach(async () => {
    await buses.close();
    await server?.dispose();
    server = undefined;
    await rm(folder, { recursive: true });
  });

  async function start(config: string): Promise<NatsServer> {
    server = await NatsServer.start({ config });
    return server;
  }

  async function secret(text: string): Promise<string> {
    const file = join(folder, 'secret');
    await writeFile(file, text, { mode: 0o600 });
    return file;
  }

  function reasonFor(bus: NatsBus, part: string): Promise<string> {
    return eventually(`a reason with "${part}"`, () => {
      const state = bus.state();
      return state.kind === 'connecting' && state.reason.includes(part) ? state.reason : undefined;
    });
  }

  const withFile = ({ url }: NatsServer, kind: NatsCredentials['kind'], file: string): NatsConfig => {
    return { servers: [url], replicas: 1, credentials: { kind, file } };
  };

  it('tells wrong credentials from an absent server, never shows them, and takes the right ones when they come', async () => {
    const nats = await start('authorization { user: weaver, password: "correct-horse" }');
    const file = await secret('weaver:wrong-zebra');
    const bus = buses.open(withFile(nats, 'user', file));
    expect(await reasonFor(bus, 'refuses the credentials')).not.to.contain('zebra');
    await writeFile(file, 'weaver:correct-horse\n');
    await becomes(bus, 'connected');
    await bus.store('s').put('k', 1);
    expect(buses.reports.join()).not.to.contain('horse');
  });

  it('names a file that is missing, open to others, or not what it should be', async () => {
    const nats = await start('authorization { token: "t-o-k-e-n" }');
    const file = join(folder, 'secret');
    const bus = buses.open(withFile(nats, 'token', file));
    await reasonFor(bus, 'ENOENT');
    await secret('t-o-k-e-n');
    await chmod(file, 0o644);
    expect(await reasonFor(bus, 'chmod 600')).to.contain(file);
    await chmod(file, 0o600);
    await becomes(bus, 'connected');
    await reasonFor(buses.open(withFile(nats, 'nkey', file)), 'no seed');
    await reasonFor(buses.open(withFile(nats, 'creds', file)), 'no NATS credentials');
    await reasonFor(buses.open(withFile(nats, 'user', file)), 'user:password');
  });

  it('connects with an nkey, and says which permission a user lacks', async () => {
    const pair = nkeys.createUser();
    const nats = await start(
      `authorization { users = [ { nkey: ${pair.getPublicKey()}, permissions: { publish: { deny: "secret.>" } } } ] }`,
    );
    const bus = await buses.connected(
      withFile(nats, 'nkey', await secret(new TextDecoder().decode(pair.getSeed()))),
    );
    bus.publish('secret.a', 1);
    await eventually('the refusal is told', () => buses.reports.find((line) => line.includes('secret.a')));
    expect(bus.state().kind).to.equal('connected');
  });

  it('speaks TLS with certificates on both sides, and refuses a server that another authority has signed', async () => {
    authority('ca');
    authority('other');
    signed('server', 'ca');
    signed('client', 'ca');
    const at = (name: string) => join(folder, name);
    const nats = await start(
      `tls { cert_file: "${at('server.pem')}", key_file: "${at('server.key')}", ca_file: "${at('ca.pem')}", verify: true, timeout: 3 }`,
    );
    const servers = [`tls://127.0.0.1:${nats.port}`];
    const client = { certFile: at('client.pem'), keyFile: at('client.key') };
    const bus = await buses.connected({ servers, replicas: 1, tls: { caFile: at('ca.pem'), ...client } });
    await bus.store('s').put('k', 1);
    await reasonFor(
      buses.open({ servers, replicas: 1, tls: { caFile: at('other.pem'), ...client } }),
      'certificate',
    );
    const anonymous = buses.open({ servers, replicas: 1, tls: { caFile: at('ca.pem') } });
    await reasonFor(anonymous, '127.0.0.1');
    await chmod(at('client.key'), 0o644);
    await reasonFor(
      buses.open({ servers, replicas: 1, tls: { caFile: at('ca.pem'), ...client } }),
      'chmod 600',
    );
  });

  function openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  }

  function authority(name: string): void {
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`);
    openssl(
      'req',
      '-x509',
      '-key',
      `${name}.key`,
      '-subj',
      `/CN=${name}`,
      '-days',
      '2',
      '-out',
      `${name}.pem`,
    );
  }

  function signed(name: string, by: string): void {
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`);
    openssl(
      'req',
      '-new',
      '-key',
      `${name}.key`,
      '-subj',
      `/CN=${name}`,
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-out',
      `${name}.csr`,
    );
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      `${by}.pem`,
      '-CAkey',
      `${by}.key`,
      '-CAcreateserial',
      '-days',
      '2',
      '-copy_extensions',
      'copy',
      '-out',
      `${name}.pem`,
    );
    execFileSync('chmod', ['600', join(folder, `${name}.key`)]);
  }
});
