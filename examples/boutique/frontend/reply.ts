import type { Html } from '../html/html.js';

/** What a handler answers with. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether it is for this visitor alone, so that it may set cookies. */
  readonly personal: boolean;
  /** `Set-Cookie` values. */
  readonly cookies: readonly string[];
  readonly body: string;
}

/** The only sources of anything on our pages are our own files; nobody may frame them. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function page(body: Html, status = 200, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'cache-control': 'no-store',
      ...headers,
    },
    personal: true,
    cookies: [],
    body: `<!doctype html>${body}`,
  };
}

/** `location` is a path on this site. */
export function redirect(location: string, cookies: readonly string[] = []): Reply {
  return {
    status: 302,
    headers: { location, 'cache-control': 'no-store' },
    personal: true,
    cookies,
    body: '',
  };
}

export function text(body: string, status = 200): Reply {
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  return { status, headers, personal: false, cookies: [], body };
}

/** A file; `versioned` when it was asked for by a name that changes when the file does. */
export function asset(contentType: string, body: string, versioned: boolean): Reply {
  const caching = versioned ? 'public, max-age=31536000, immutable' : 'public, max-age=3600';
  const headers = { 'content-type': contentType, 'cache-control': caching };
  return { status: 200, headers, personal: false, cookies: [], body };
}
