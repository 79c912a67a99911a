/**
 * What of a request's and an answer's head travels on. The parser has already refused what is ambiguous (both
 * Content-Length and Transfer-Encoding, bad line ends); here hop-by-hop fields end (RFC 9110, 7.6.1), the body's framing
 * is settled once, and the X-Forwarded fields are written.
 *
 * X-Forwarded-*: those of a proxy that is trusted, and of a client on this very machine, are believed and extended; from
 * anybody else they could be invented and are replaced. `Forwarded` is not touched: the app must not believe it.
 */
export type RequestHead =
  | {
      readonly kind: 'forward';
      readonly path: string;
      /** Names and values by turns. */
      readonly headers: readonly string[];
      readonly body: 'none' | 'sized' | 'chunked';
      /** May be sent twice: the method is safe (RFC 9110, 9.2.1) and there is no body. */
      readonly resendable: boolean;
    }
  | { readonly kind: 'refuse'; readonly status: number; readonly message: string };

export interface ReceivedHead {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  /** Address of the client's end. */
  readonly peer: string;
  /** What the client says in X-Forwarded-* is believed. */
  readonly trusted: boolean;
  readonly scheme: 'http' | 'https';
  /** For requests that name no host. */
  readonly fallbackHost: string;
}

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade',
]);
/** Not to be removed by naming them in Connection. */
const PROTECTED = new Set(['host', 'content-length', 'expect', 'trailer']);
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
const METHODS_WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

/** `upgrade` is the protocol to ask the backend for, when the request is to become a tunnel. */
export function requestHead(received: ReceivedHead, upgrade?: string): RequestHead {
  const fields = collect(received.rawHeaders);
  const target = originForm(received.url, received.method);
  if (target === undefined) return refuse(400, 'the request target is neither a path nor an http URL');
  if (fields.hosts.length > 1) return refuse(400, 'the request has more than one Host');
  if (fields.transferEncoding !== undefined && fields.transferEncoding.toLowerCase() !== 'chunked')
    return refuse(501, `the transfer encoding ${JSON.stringify(fields.transferEncoding)} is not supported`);
  const body = bodyOf(fields);
  if (upgrade !== undefined && body !== 'none') return refuse(400, 'a request to upgrade has a body');

  const headers = ['Host', target.host ?? fields.hosts[0] ?? received.fallbackHost];
  for (let i = 0; i + 1 < received.rawHeaders.length; i += 2) {
    const name = received.rawHeaders[i] ?? '';
    const lower = name.toLowerCase();
    if (lower === 'host' || lower.startsWith('x-forwarded-') || endsHere(lower, fields.connection)) continue;
    if (lower === (body === 'chunked' ? 'content-length' : 'trailer')) continue;
    headers.push(name, received.rawHeaders[i + 1] ?? '');
  }
  if (fields.wantsTrailers) headers.push('TE', 'trailers');
  if (body === 'chunked') headers.push('Transfer-Encoding', 'chunked');
  else if (fields.contentLength === undefined && METHODS_WITH_BODY.has(received.method))
    headers.push('Content-Length', '0');
  pushForwarded(headers, received, target.host ?? fields.hosts[0] ?? received.fallbackHost);
  if (upgrade !== undefined) headers.push('Connection', 'Upgrade', 'Upgrade', upgrade);
  const resendable = body === 'none' && SAFE_METHODS.has(received.method);
  return { kind: 'forward', path: target.path, headers, body, resendable };
}

/**
 * Undefined when the answer's body is encoded in a way that cannot be passed on. `chunked`: the answer goes out so,
 * which trailers need.
 */
export function responseHead(
  rawHeaders: readonly string[],
  options: { readonly chunked: boolean; readonly upgrade?: string },
): string[] | undefined {
  const fields = collect(rawHeaders);
  if (fields.transferEncoding !== undefined && fields.transferEncoding.toLowerCase() !== 'chunked')
    return undefined;
  const chunked = options.chunked && fields.contentLength === undefined;
  const headers: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const lower = name.toLowerCase();
    if (endsHere(lower, fields.connection) || (lower === 'trailer' && !chunked)) continue;
    headers.push(name, rawHeaders[i + 1] ?? '');
  }
  if (options.upgrade !== undefined) headers.push('Connection', 'Upgrade', 'Upgrade', options.upgrade);
  return headers;
}

/** Trailers that may travel: none that frames or routes a message. */
export function trailerPairs(rawTrailers: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < rawTrailers.length; i += 2) {
    const name = rawTrailers[i] ?? '';
    const lower = name.toLowerCase();
    if (!HOP_BY_HOP.has(lower) && !PROTECTED.has(lower)) pairs.push([name, rawTrailers[i + 1] ?? '']);
  }
  return pairs;
}

/**
 * Which protocol to tunnel. HTTP/2 and TLS are not: requests inside such a tunnel would pass by everything here, so
 * that Upgrade is ignored, as a server may.
 */
export function tunnelledProtocol(upgrade: string | undefined): string | undefined {
  if (upgrade === undefined || /(^|[\s,])(h2|tls\/)/i.test(upgrade)) return undefined;
  return upgrade;
}

interface Fields {
  readonly hosts: string[];
  readonly connection: Set<string>;
  transferEncoding: string | undefined;
  contentLength: string | undefined;
  wantsTrailers: boolean;
}

function collect(rawHeaders: readonly string[]): Fields {
  const fields: Fields = {
    hosts: [],
    connection: new Set(),
    transferEncoding: undefined,
    contentLength: undefined,
    wantsTrailers: false,
  };
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const value = rawHeaders[i + 1] ?? '';
    switch ((rawHeaders[i] ?? '').toLowerCase()) {
      case 'host':
        fields.hosts.push(value);
        break;
      case 'connection':
        for (const token of value.split(',')) fields.connection.add(token.trim().toLowerCase());
        break;
      case 'transfer-encoding':
        fields.transferEncoding =
          fields.transferEncoding === undefined ? value.trim() : `${fields.transferEncoding}, ${value}`;
        break;
      case 'content-length':
        fields.contentLength = value.trim();
        break;
      case 'te':
        fields.wantsTrailers ||= /(^|,)\s*trailers\s*(,|$)/i.test(value);
        break;
    }
  }
  return fields;
}

function endsHere(name: string, connection: ReadonlySet<string>): boolean {
  return HOP_BY_HOP.has(name) || (connection.has(name) && !PROTECTED.has(name));
}

function bodyOf(fields: Fields): 'none' | 'sized' | 'chunked' {
  if (fields.transferEncoding !== undefined) return 'chunked';
  return fields.contentLength === undefined || Number(fields.contentLength) === 0 ? 'none' : 'sized';
}

function originForm(
  url: string,
  method: string,
): { readonly path: string; readonly host: string | undefined } | undefined {
  if (url.startsWith('/')) return { path: url, host: undefined };
  if (url === '*' && method === 'OPTIONS') return { path: url, host: undefined };
  const absolute = /^https?:\/\/([^/?#@]+)(\/[^#]*|\?[^#]*)?$/i.exec(url);
  if (absolute === null) return undefined;
  const rest = absolute[2] ?? '/';
  return { path: rest.startsWith('/') ? rest : `/${rest}`, host: absolute[1] };
}

function pushForwarded(headers: string[], received: ReceivedHead, host: string): void {
  const given = new Map<string, string>();
  if (received.trusted) {
    for (let i = 0; i + 1 < received.rawHeaders.length; i += 2) {
      const lower = (received.rawHeaders[i] ?? '').toLowerCase();
      if (!lower.startsWith('x-forwarded-')) continue;
      const before = given.get(lower);
      const value = received.rawHeaders[i + 1] ?? '';
      given.set(lower, before === undefined ? value : `${before}, ${value}`);
    }
  }
  const chain = given.get('x-forwarded-for');
  const peer = plainAddress(received.peer);
  given.set('x-forwarded-for', chain === undefined ? peer : `${chain}, ${peer}`);
  if (!given.has('x-forwarded-proto')) given.set('x-forwarded-proto', received.scheme);
  if (!given.has('x-forwarded-host')) given.set('x-forwarded-host', host);
  for (const [name, value] of given) headers.push(name, value);
}

/** An IPv4 address as a dual-stack socket shows it, without its IPv6 form. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

function refuse(status: number, message: string): RequestHead {
  return { kind: 'refuse', status, message };
}
