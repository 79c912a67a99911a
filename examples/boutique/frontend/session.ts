import { randomUUID } from 'node:crypto';

/** A visitor, known by cookies that carry the names of the original shop. */
export interface Session {
  readonly id: string;
  readonly currencyCode: string;
  /** Without a session cookie, so that one has to be set. */
  readonly isNew: boolean;
}

const SESSION_COOKIE = 'shop_session-id';
const CURRENCY_COOKIE = 'shop_currency';
const MAX_AGE_S = 48 * 60 * 60;
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** The currencies of the selector, of the many that we have rates for. */
export const currencies: readonly string[] = ['USD', 'EUR', 'CAD', 'JPY', 'GBP', 'TRY'];

/** Cookies that are not of our making are ignored: a new session, the default currency. */
export function sessionOf(cookieHeader: string | undefined, newId: () => string = randomUUID): Session {
  const cookies = parseCookies(cookieHeader ?? '');
  const id = cookies.get(SESSION_COOKIE);
  const currency = cookies.get(CURRENCY_COOKIE);
  const known = id !== undefined && UUID.test(id);
  return {
    id: known ? id : newId(),
    currencyCode: currency !== undefined && currencies.includes(currency) ? currency : 'USD',
    isNew: !known,
  };
}

export function sessionCookie({ id }: Session): string {
  return cookie(SESSION_COOKIE, id, MAX_AGE_S);
}

export function currencyCookie(code: string): string {
  return cookie(CURRENCY_COOKIE, code, MAX_AGE_S);
}

export function forgetCookies(): readonly string[] {
  return [cookie(SESSION_COOKIE, '', 0), cookie(CURRENCY_COOKIE, '', 0)];
}

function cookie(name: string, value: string, maxAge: number): string {
  return `${name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax`;
}

function parseCookies(header: string): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0) cookies.set(pair.slice(0, equals).trim(), pair.slice(equals + 1).trim());
  }
  return cookies;
}
