import { expect } from 'chai';
import { TrustedPeers } from './trusted-peers.js';

describe('TrustedPeers', () => {
  it('are this machine', () => {
    const peers = new TrustedPeers([]);
    for (const address of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])
      expect(peers.has(address), address).to.equal(true);
    for (const address of ['10.0.0.1', '::', '::ffff:10.0.0.1', '', '1270.0.0.1', '2001:db8::127'])
      expect(peers.has(address), address).to.equal(false);
  });

  it('and the proxies that were named, by address or range', () => {
    const peers = new TrustedPeers(['10.1.0.0/16', '192.0.2.7', '2001:db8::/32']);
    for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '192.0.2.7', '2001:db8:1::1'])
      expect(peers.has(address), address).to.equal(true);
    for (const address of ['10.2.0.1', '192.0.2.8', '2001:db9::1'])
      expect(peers.has(address), address).to.equal(false);
  });
});
