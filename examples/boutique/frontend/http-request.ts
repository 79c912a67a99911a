import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { HttpError } from './failure.js';

/** The largest order form is well under 4 KiB. */
export const MAX_BODY_BYTES = 16 * 1024;

export interface Target {
  readonly path: string;
  readonly query: URLSearchParams;
}

export function targetOf(url: string | undefined): Target {
  const [path = '/', ...rest] = (url ?? '/').split('?');
  return { path, query: new URLSearchParams(rest.join('?')) };
}

/**
 * Refuses a post that a browser sent from another site: with our visitor's cookies, but not by our visitor's will. Programs
 * that are not browsers send neither header, and carry no visitor's cookies.
 */
export function refuseCrossSite(headers: IncomingHttpHeaders): void {
  const site = headers['sec-fetch-site'];
  const ownSite =
    site === undefined ? sameHost(headers.origin, headers.host) : site === 'same-origin' || site === 'none';
  if (!ownSite) throw new HttpError(403, 'Forms can only be sent from the pages of this shop.');
}

/** The page of ours that the request came from: its path and query, never another site's. */
export function refererPath({ host, referer }: IncomingHttpHeaders): string | undefined {
  if (referer === undefined || !URL.canParse(referer)) return undefined;
  const { host: from, pathname, search } = new URL(referer);
  // A path that begins with two slashes would be read as another host.
  return from === host && !/^\/[/\\]/.test(pathname) ? pathname + search : undefined;
}

/** Throws an HttpError: 415 when it is not a form, 413 when it is too large. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== undefined && type !== 'application/x-www-form-urlencoded') {
    throw new HttpError(415, 'Please send the form as application/x-www-form-urlencoded.');
  }
  const tooLarge = () =>
    new HttpError(413, `A form is at most ${MAX_BODY_BYTES / 1024} KiB.`, { connection: 'close' });
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Without the option, leaving the loop would close the connection before the answer is sent.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError(400, 'The request broke off before it was complete.');
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

function sameHost(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
