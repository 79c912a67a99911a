import { BlockList, isIPv6 } from 'node:net';
import { plainAddress } from './request-head.js';

/** Whose word on where a request came from is taken: this machine's, and that of the proxies that were named. */
export class TrustedPeers {
  readonly #ranges = new BlockList();

  /** REQUIRES: addresses or ranges such as `10.0.0.0/8` (checked with the manifest); any other throws. */
  constructor(proxies: readonly string[]) {
    for (const range of ['127.0.0.0/8', '::1', ...proxies]) {
      const [address = '', bits] = range.split('/');
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.#ranges.addAddress(address, family);
      else this.#ranges.addSubnet(address, Number(bits), family);
    }
  }

  has(peer: string): boolean {
    const address = plainAddress(peer);
    return address !== '' && this.#ranges.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }
}
