import { expect } from 'chai';
import { type Deferred, deferred } from '../call/deferred.js';
import type { ClientConnection } from '../transport/transport.js';
import { PATIENCE_MS, Peer } from './peer.js';

const ROUTED = {
  replica: 'Cart-0',
  group: 'Cart',
  generation: 1,
  address: { kind: 'tcp', host: '10.0.0.1', port: 1 },
} as const;

describe('a replica that calls go to', () => {
  let now: number;
  let dialled: Deferred<ClientConnection>[];
  let connection: { silent: boolean } & ClientConnection;
  let peer: Peer;

  beforeEach(() => {
    now = 0;
    dialled = [];
    connection = {
      state: 'open',
      silent: false,
      onStateChange: () => undefined,
    } as unknown as typeof connection;
    const dial = () => {
      const dialling = deferred<ClientConnection>();
      dialled.push(dialling);
      return dialling.promise;
    };
    peer = new Peer(
      ROUTED,
      dial,
      () => 0.5,
      () => now,
    );
  });

  it('is passed over while its connection is silent', async () => {
    const connecting = peer.connect();
    dialled[0]?.resolve(connection);
    await connecting;
    expect(peer.ejected).to.equal(false);
    connection.silent = true;
    expect(peer).to.include({ ejected: true, unreachable: false, open: connection });
    connection.silent = false;
    expect(peer.ejected).to.equal(false);
  });

  it('is passed over when its connection takes long to open', () => {
    void peer.connect();
    now = PATIENCE_MS - 1;
    expect(peer.ejected).to.equal(false);
    now = PATIENCE_MS;
    expect(peer).to.include({ ejected: true, unreachable: false });
  });

  it('once it could not be reached, is passed over until it has been reached again', async () => {
    const failing = peer.connect();
    dialled[0]?.reject(new Error('refused'));
    await failing.catch(() => undefined);
    expect(peer).to.include({ ejected: true, unreachable: true });
    now = 10_000;
    expect(peer.ejected).to.equal(false);
    const again = peer.connect();
    expect(peer).to.include({ ejected: true, unreachable: false });
    dialled[1]?.resolve(connection);
    await again;
    expect(peer.ejected).to.equal(false);
  });
});
