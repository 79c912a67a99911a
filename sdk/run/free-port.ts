import { createServer } from 'node:net';

/** The port when it is free, or any free one for 0. Rejects with a message that names the listener and the mend. */
export function freePort(listener: string, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const what =
        cause.code === 'EADDRINUSE'
          ? `port ${port} on ${host} is taken by another process`
          : `${host}:${port} cannot be opened (${cause.code})`;
      reject(
        new Error(
          `listener ${listener}: ${what}. Set another one under [listeners.${listener}] in weaver.toml.`,
          { cause },
        ),
      );
    });
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
    });
  });
}
