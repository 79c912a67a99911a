import { type OnReadOpts, Socket } from 'node:net';

/** All connections read into it: frames are handled, or copied, before the next read. */
const receiveBuffer = Buffer.allocUnsafeSlow(256 * 1024);

/** `bytes` up to `length`, valid only until it returns. */
export type Receive = (bytes: Buffer, length: number) => void;

/** The `onread` option of a socket that reads into the one static buffer. */
export function receiveInto(receive: Receive): OnReadOpts {
  return {
    buffer: receiveBuffer,
    callback: (length) => {
      receive(receiveBuffer, length);
      return true;
    },
  };
}

/** What node:net keeps in a socket and does not document. */
interface SocketInternals {
  _handle?: object | null;
  /** The server that counts the socket as open. */
  _server?: object | null;
  server?: object | null;
}

/**
 * An accepted socket that reads into the static buffer too. Node takes `onread` only when a socket is made, so a second
 * one is put over the handle of the first, which `pauseOnConnect` kept from reading. Where a release of Node has no
 * such handle, the socket itself is returned, and reads by events.
 */
export function adoptAccepted(accepted: Socket, receive: Receive): Socket {
  const internals: Socket & SocketInternals = accepted;
  const { _handle: handle, _server: server } = internals;
  if (!isReadableIntoBuffer(handle) || server === undefined || server === null) {
    return receiveByEvents(accepted, receive);
  }
  const options = { handle, onread: receiveInto(receive), allowHalfOpen: false };
  const socket: Socket & SocketInternals = new Socket(options);
  // The server counts its sockets through these: from here on the second one is counted, and the first is an empty shell.
  socket._server = server;
  socket.server = server;
  internals._server = null;
  internals.server = null;
  internals._handle = null;
  socket.resume();
  return socket;
}

/** The plain way: a buffer is allocated for each read. */
export function receiveByEvents(socket: Socket, receive: Receive): Socket {
  socket.on('data', (chunk: Buffer) => receive(chunk, chunk.length));
  socket.resume();
  return socket;
}

function isReadableIntoBuffer(handle: object | null | undefined): handle is object {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    'useUserBuffer' in handle &&
    typeof handle.useUserBuffer === 'function' &&
    'readStart' in handle
  );
}
