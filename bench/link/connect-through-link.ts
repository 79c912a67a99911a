import { syncBuiltinESMExports } from 'node:module';
import net, { type Socket, type TcpNetConnectOpts } from 'node:net';

/** Bytes before all others on a connection to the link: the port that it leads to. */
export const TARGET_BYTES = 2;

/** From here on the TCP connections that this process opens, by an object of options, go over the link that listens on `port`. */
export function connectThroughLink(port: number): void {
  const direct = net.connect;
  const connect = (options: unknown, ...others: readonly unknown[]): Socket => {
    if (!isTcp(options)) return Reflect.apply(direct, net, [options, ...others]);
    const socket = direct({ ...options, port });
    const target = Buffer.alloc(TARGET_BYTES);
    target.writeUInt16BE(options.port);
    socket.write(target);
    return socket;
  };
  Object.assign(net, { connect, createConnection: connect });
  syncBuiltinESMExports();
}

function isTcp(options: unknown): options is TcpNetConnectOpts {
  return (
    typeof options === 'object' && options !== null && 'port' in options && typeof options.port === 'number'
  );
}
