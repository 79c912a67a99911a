import { type ClientRequest, type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Access } from './access.js';
import type { Lease } from './backend-pool.js';
import { answerUnavailable, answerWith } from './client-exchange.js';
import { Dispatch } from './dispatch.js';
import { Http1Exchange } from './http1-exchange.js';
import type { ProxyContext } from './proxy-context.js';
import { requestHead, responseHead, tunnelledProtocol } from './request-head.js';

/** Peers that vanish without a word are found out by the kernel's probes. */
const KEEP_ALIVE_MS = 60_000;

/**
 * Forwards a request to upgrade: when the backend switches protocols, its connection and the client's are joined, with
 * back-pressure and half-close; any other answer is passed on. Bytes that the client sent after the head wait for that.
 */
export function forwardUpgrade(
  request: IncomingMessage,
  client: Socket,
  clientHead: Buffer,
  context: ProxyContext,
): void {
  // Heard of by 'close', too.
  client.on('error', () => undefined);
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(client);
  response.on('finish', () => {
    response.detachSocket(client);
    client.destroySoon();
  });
  const upgrade = tunnelledProtocol(request.headers.upgrade);
  const exchange = new Http1Exchange(request, response, context);
  const head = requestHead(exchange.received, upgrade);
  if (head.kind === 'refuse') return answerWith(exchange, head.status, head.message);
  if (head.body !== 'none') return answerWith(exchange, 400, 'a request to upgrade has a body');

  const { limits } = context;
  const access = new Access(context.access, exchange.received);
  let upstream: ClientRequest | undefined;
  let lease: Lease | undefined;
  let timer: NodeJS.Timeout | undefined;
  let over = false;

  const end = () => {
    if (over) return;
    over = true;
    dispatch.cancel();
    clearTimeout(timer);
    client.off('close', onClientGone);
    lease?.release();
    access.ended();
  };
  const refuse = (status: number, message: string) => {
    if (over) return;
    if (access.isAnswered) {
      client.destroy();
    } else {
      access.answered(status);
      answerWith(exchange, status, message);
    }
    upstream?.destroy();
    end();
  };
  const onClientGone = () => {
    upstream?.destroy();
    end();
  };
  const passOn = (answer: IncomingMessage) => {
    const status = answer.statusCode ?? 502;
    const headers = responseHead(answer.rawHeaders, { chunked: true });
    clearTimeout(timer);
    try {
      if (headers === undefined) throw new Error('it is in an unknown transfer encoding');
      response.writeHead(status, answer.statusMessage ?? '', headers);
    } catch (reason) {
      return refuse(502, `the replica's answer cannot be passed on: ${(reason as Error).message}`);
    }
    access.answered(status);
    answer.on('error', () => client.destroy());
    answer.on('end', end);
    // The server has let go of this socket, and with it of these two.
    client.on('drain', () => response.emit('drain'));
    client.setTimeout(limits.clientStallMs, () => client.destroy());
    answer.pipe(response);
  };
  const join = (answer: IncomingMessage, backend: Socket, backendHead: Buffer) => {
    backend.on('error', () => client.destroy());
    const headers = responseHead(answer.rawHeaders, {
      chunked: false,
      upgrade: answer.headers.upgrade ?? upgrade ?? '',
    });
    if (over || headers === undefined || answer.statusCode !== 101) {
      backend.destroy();
      return refuse(502, 'the replica upgraded with an answer that is none');
    }
    clearTimeout(timer);
    access.answered(101);
    client.off('close', onClientGone);
    response.detachSocket(client);
    client.write(rawHead(answer, headers), 'latin1');
    joinSockets([client, clientHead], [backend, backendHead], limits.clientStallMs, end);
  };

  const dispatch = new Dispatch(
    context,
    { method: request.method ?? 'GET', path: head.path, headers: head.headers },
    {
      connected: (made, held) => {
        upstream = made;
        lease = held;
        access.takenBy(held.backend);
        timer = setTimeout(
          () => refuse(504, `the replica did not answer within ${limits.answerTimeoutMs / 1000} s`),
          limits.answerTimeoutMs,
        );
        made.on('response', passOn);
        made.on('upgrade', join);
        made.end();
      },
      invalid: (error) => refuse(400, `the request cannot be forwarded: ${error.message}`),
      unavailable: (why) => {
        access.answered(503);
        answerUnavailable(exchange, why, context.listener);
        end();
      },
      failed: () => refuse(502, 'the replica broke off before it answered'),
    },
  );
  client.once('close', onClientGone);
  dispatch.send(false);
}

/**
 * Each one's end ends the other's writing; an error or a close ends both, after what was written is out. `halfOpenMs`: how
 * long the one may be silent when the other has ended.
 */
function joinSockets(
  [client, clientHead]: readonly [Socket, Buffer],
  [backend, backendHead]: readonly [Socket, Buffer],
  halfOpenMs: number,
  closed: () => void,
): void {
  let open = 2;
  for (const [one, other, head] of [
    [client, backend, clientHead],
    [backend, client, backendHead],
  ] as const) {
    one.setTimeout(0);
    one.setNoDelay(true);
    one.setKeepAlive(true, KEEP_ALIVE_MS);
    if (head.length > 0) one.unshift(head);
    one.on('error', () => other.destroy());
    one.once('end', () => other.setTimeout(halfOpenMs, () => other.destroy()));
    one.once('close', () => {
      other.destroySoon();
      if (--open === 0) closed();
    });
    one.pipe(other);
  }
}

function rawHead(answer: IncomingMessage, headers: readonly string[]): string {
  let text = `HTTP/1.1 101 ${answer.statusMessage || STATUS_CODES[101]}\r\n`;
  for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${text}\r\n`;
}
