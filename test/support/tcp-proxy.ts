import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';

/** `cut`: connections are reset and refused. `silent`: nothing passes and nobody is told, as behind a dead link. */
export type LinkMode = 'passing' | 'cut' | 'silent';

/** A link to a port of 127.0.0.1 that can be cut. */
export class TcpProxy {
  readonly #server: Server;
  /** May be changed, for connections to come. */
  targetPort: number;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #mode: LinkMode = 'passing';

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    this.targetPort = targetPort;
    server.on('connection', (socket) => this.#onConnection(socket));
  }

  /** `port`: 0 for any. */
  static async open(port: number, targetPort: number): Promise<TcpProxy> {
    const server = createServer({ pauseOnConnect: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    return new TcpProxy(server, targetPort);
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  become(mode: LinkMode): void {
    this.#mode = mode;
    for (const pair of this.#pairs)
      for (const socket of pair) {
        if (mode === 'cut') socket.destroy();
        else if (mode === 'silent') socket.pause();
        else socket.resume();
      }
  }

  async close(): Promise<void> {
    this.become('cut');
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #onConnection(near: Socket): void {
    if (this.#mode === 'cut') {
      near.destroy();
      return;
    }
    const far = tcpConnect(this.targetPort, '127.0.0.1');
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.setNoDelay(true);
      from.on('error', () => undefined); // 'close' follows, and closes the other side
      from.on('data', (bytes) => void to.write(bytes));
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
      if (this.#mode === 'silent') from.pause();
      else from.resume();
    }
  }
}
