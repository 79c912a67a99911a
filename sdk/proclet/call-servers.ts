import type { Address } from '../protocol/address.js';
import { listen } from '../transport/index.js';
import type { ListenOptions } from '../transport/server.js';
import type { TransportServer } from '../transport/transport.js';

type BoundServer = TransportServer & { readonly address: Address };

/** Where a proclet takes calls: at one address from its own host, at another from other hosts. */
export class CallServers {
  readonly #local: BoundServer;
  readonly #remote: BoundServer | undefined;

  private constructor(local: BoundServer, remote: BoundServer | undefined) {
    this.#local = local;
    this.#remote = remote;
  }

  /** Rejects with an error that names the address that cannot be had; then nothing stays open. */
  static async open(
    local: Address,
    remote: Address | undefined,
    options: ListenOptions,
  ): Promise<CallServers> {
    const ofHost = await listen(local, options);
    if (remote === undefined) return new CallServers(ofHost, undefined);
    try {
      return new CallServers(ofHost, await listen(remote, options));
    } catch (reason) {
      await ofHost.close();
      throw reason;
    }
  }

  get address(): Address {
    return this.#local.address;
  }

  get remoteAddress(): Address | undefined {
    return this.#remote?.address;
  }

  /** Of both, by reason. */
  get handshakesRefused(): ReadonlyMap<string, number> {
    const refused = new Map(this.#local.counters.handshakesRefused);
    for (const [reason, count] of this.#remote?.counters.handshakesRefused ?? [])
      refused.set(reason, (refused.get(reason) ?? 0) + count);
    return refused;
  }

  async drain(timeoutMs: number): Promise<void> {
    await Promise.all([this.#local.drain(timeoutMs), this.#remote?.drain(timeoutMs)]);
  }

  async close(): Promise<void> {
    await Promise.all([this.#local.close(), this.#remote?.close()]);
  }
}
