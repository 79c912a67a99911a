import { createServer, type ListenOptions, Server } from 'node:net';

/** Listens; resolves to where, with the port that was free. */
export function boundTo(
  server: Server,
  listen: ListenOptions,
): Promise<{ readonly path: string } | { readonly host: string; readonly port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen, () => {
      const address = server.address();
      if (typeof address === 'string') resolve({ path: address });
      else resolve({ host: '127.0.0.1', port: address?.port ?? 0 });
    });
  });
}

/** For what cannot choose a port itself, or has to know it before. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const address = await boundTo(server, { host: '127.0.0.1', port: 0 });
  await new Promise((resolve) => server.close(resolve));
  return 'port' in address ? address.port : 0;
}

/** For libraries that listen on all addresses and take no host: in this process a port is one of loopback. */
export function listenOnLoopbackOnly(): void {
  const listen = Server.prototype.listen as (this: Server, options: object, ...rest: unknown[]) => Server;
  Object.assign(Server.prototype, {
    listen(this: Server, options: object, ...rest: unknown[]) {
      return listen.call(this, { host: '127.0.0.1', ...options }, ...rest);
    },
  });
}
