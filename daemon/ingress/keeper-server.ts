import { timingSafeEqual } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Logs } from '../../sdk/protocol/control.js';
import { ControlChannel, ControlError } from '../../sdk/protocol/control-channel.js';
import {
  INGRESS_PROTOCOL,
  type IngressNotifications,
  type IngressRequests,
  type KeeperNotifications,
  type KeeperRequests,
  type RegisterIngress,
  type Status,
} from './ingress-protocol.js';

export class KeeperChannel extends ControlChannel<
  KeeperRequests,
  KeeperNotifications,
  IngressRequests,
  IngressNotifications
> {}

export interface KeeperHandlers {
  /** The token was right. Throws a ControlError to refuse it. */
  registered(channel: KeeperChannel, body: RegisterIngress): void;
  /** Of a channel that is registered. */
  status(channel: KeeperChannel, status: Status): void;
  logs(logs: Logs): void;
  closed(channel: KeeperChannel): void;
}

const MAX_CONNECTIONS = 8;
const REGISTER_TIMEOUT_MS = 5_000;
/** The kernel's bound of a Unix socket's path, without its final zero. */
const MAX_SOCKET_PATH_BYTES = 107;

/** Where ingress processes connect to the daemon. Rejects when the socket cannot be had. */
export async function listenForIngress(
  socketPath: string,
  token: string,
  handlers: KeeperHandlers,
): Promise<Server> {
  if (Buffer.byteLength(socketPath) > MAX_SOCKET_PATH_BYTES)
    throw new Error(
      `the ingress socket path ${socketPath} has more than ${MAX_SOCKET_PATH_BYTES} bytes; use a shorter runtime folder`,
    );
  mkdirSync(dirname(socketPath), { recursive: true, mode: 0o700 });
  // Left behind by a daemon that was killed; a running one holds the state folder, so this is not its.
  rmSync(socketPath, { force: true });
  const server = createServer((socket) => accept(socket, token, handlers));
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, () => {
      server.off('error', reject);
      resolve();
    });
  });
  chmodSync(socketPath, 0o600);
  return server;
}

function accept(socket: Socket, token: string, handlers: KeeperHandlers): void {
  let registered = false;
  const timer = setTimeout(() => socket.destroy(), REGISTER_TIMEOUT_MS);
  const channel = new KeeperChannel(socket, {
    requests: {
      Register: (body) => {
        if (!sameToken(body.token, token))
          throw new ControlError('UNAUTHENTICATED', 'this daemon did not start that ingress');
        if (body.protocol < 1)
          throw new ControlError('UNSUPPORTED_PROTOCOL', `no ingress protocol ${body.protocol}`);
        handlers.registered(channel, body);
        registered = true;
        clearTimeout(timer);
        return { protocol: INGRESS_PROTOCOL };
      },
    },
    notifications: {
      Status: (status) => {
        if (registered) handlers.status(channel, status);
      },
      Logs: (logs) => {
        if (registered) handlers.logs(logs);
      },
    },
    closed: () => {
      clearTimeout(timer);
      handlers.closed(channel);
    },
  });
}

function sameToken(given: unknown, token: string): boolean {
  if (typeof given !== 'string') return false;
  const [one, other] = [Buffer.from(given), Buffer.from(token)];
  return one.length === other.length && timingSafeEqual(one, other);
}
