import { connect } from 'node:net';

/** What a NATS server says of itself before anybody has logged in. */
export interface ServerGreeting {
  readonly name: string;
  readonly version: string;
  readonly jetStream: boolean;
  /** Bytes. */
  readonly maxPayload: number;
}

const MAX_GREETING_BYTES = 64 * 1024;
const DEFAULT_PORT = 4222;

/**
 * The first line, `INFO {…}`, that a server sends in the clear on each connection; one that is set to `handshake_first`
 * sends none. Rejects with why there is none.
 */
export function serverGreeting(server: string, timeoutMs: number): Promise<ServerGreeting> {
  const { hostname, port } = new URL(server);
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? DEFAULT_PORT : Number(port),
    });
    const end = (settle: () => void) => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const fail = (why: string) => end(() => reject(new Error(`${server}: ${why}`)));
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
    let text = '';
    socket.once('error', (reason) => fail(reason.message));
    socket.once('close', () => fail('it closed the connection without a word'));
    socket.on('data', (bytes) => {
      text += bytes.toString('utf8');
      const line = text.split('\r\n', 1)[0] ?? '';
      if (line.length === text.length && text.length <= MAX_GREETING_BYTES) return; // not whole yet
      const greeting = readGreeting(line);
      if (greeting === undefined) fail('what answers there is no NATS server');
      else end(() => resolve(greeting));
    });
  });
}

export function readGreeting(line: string): ServerGreeting | undefined {
  const json = /^INFO (\{.*\})\s*$/.exec(line)?.[1];
  if (json === undefined) return undefined;
  try {
    const { server_name, version, jetstream, max_payload } = JSON.parse(json) as Record<string, unknown>;
    if (typeof version !== 'string') return undefined;
    return {
      name: typeof server_name === 'string' ? server_name : '',
      version,
      jetStream: jetstream === true,
      maxPayload: typeof max_payload === 'number' ? max_payload : 0,
    };
  } catch {
    return undefined; // it says INFO, but no JSON
  }
}
