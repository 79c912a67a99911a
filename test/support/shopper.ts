/** A visitor of the boutique over HTTP, with a cookie jar; follows redirects itself so that cookies are kept. */
export class Shopper {
  readonly #cookies = new Map<string, string>();

  constructor(
    private readonly url: string,
    private readonly timeoutMs = 15_000,
  ) {}

  async get(path: string): Promise<Page> {
    return this.#request(path, { method: 'GET' });
  }

  async post(path: string, form: Readonly<Record<string, string>>): Promise<Page> {
    return this.#request(path, {
      method: 'POST',
      body: new URLSearchParams(form).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  }

  async #request(path: string, init: RequestInit): Promise<Page> {
    let target = new URL(path, this.url);
    let request = init;
    for (let hops = 0; hops < 5; hops++) {
      const response = await fetch(target, {
        ...request,
        redirect: 'manual',
        signal: AbortSignal.timeout(this.timeoutMs),
        headers: { ...(request.headers as Record<string, string> | undefined), cookie: this.#cookieHeader() },
      });
      for (const cookie of response.headers.getSetCookie()) this.#keep(cookie);
      const location = response.headers.get('location');
      const body = await response.text();
      if (location === null) return { status: response.status, body };
      target = new URL(location, target);
      request = { method: 'GET' };
    }
    throw new Error(`${path}: too many redirects`);
  }

  #cookieHeader(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  #keep(cookie: string): void {
    const [pair = ''] = cookie.split(';');
    const at = pair.indexOf('=');
    this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }
}

export interface Page {
  readonly status: number;
  readonly body: string;
}

/** The text of a page as a reader sees it: no tags, no scripts, white space folded, and no ids drawn by chance. */
export function textOf({ body }: Page): string {
  return body
    .replace(/<(script|style|svg)[\s\S]*?<\/\1>/g, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>')
    .replace(/\b[A-Z]{2}-\d+-\d+\b/g, '<tracking>')
    .trim();
}
