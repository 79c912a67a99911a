import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { monotonicNow } from '../cluster/support/history.js';
import type { Outcome } from '../linearizability/operation.js';

/** Of an HTTP request; more than the app's own calls may take. */
const TIMEOUT_MS = 6000;
/** Then the first is tried again. */
const CALLS_ELSEWHERE = 100;
/** The connection was never there. */
const NEVER_SENT: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH']);

/** A client of test/fixtures/ledger over HTTP, with a connection of its own. */
export class LedgerClient {
  readonly #agent = new Agent({ keepAlive: true });
  #asked = 0;
  #calls = 0;

  constructor(
    readonly name: string,
    /** Where it is served; the first is asked as long as it answers. */
    private readonly urls: readonly string[],
  ) {}

  /** Never rejects: that it failed is an outcome too. */
  async call<Output>(body: object): Promise<Outcome<Output>> {
    if (this.#calls++ % CALLS_ELSEWHERE === 0) this.#asked = 0;
    try {
      const answer = JSON.parse(await this.#post(JSON.stringify(body))) as Answer<Output>;
      const at = monotonicNow();
      if (!('code' in answer)) return { kind: 'ok', at, output: answer.output };
      return { kind: answer.executed === 'no' ? 'failed' : 'unknown', at, code: answer.code };
    } catch (reason) {
      const { code = (reason as Error).name } = reason as { readonly code?: string };
      this.#asked++;
      const kind = NEVER_SENT.has(code) ? 'failed' : 'unknown';
      return { kind, at: monotonicNow(), code: `HTTP ${code}` };
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #post(body: string): Promise<string> {
    const url = this.urls[this.#asked % this.urls.length] ?? '';
    return new Promise((resolve, reject) => {
      const headers = { 'content-length': Buffer.byteLength(body) };
      const sent = request(url, { method: 'POST', agent: this.#agent, headers });
      const timer = setTimeout(() => {
        reject(new HttpError('timeout')); // one that waits for a connection is not told of its end
        sent.destroy();
      }, TIMEOUT_MS);
      sent.once('response', (response) => {
        text(response).then((answer) => {
          if (response.statusCode === 200) resolve(answer);
          else reject(new HttpError(String(response.statusCode)));
        }, reject);
      });
      sent.once('error', reject);
      sent.once('close', () => clearTimeout(timer));
      sent.end(body);
    });
  }
}

/** Not the app answered, but the ingress. */
class HttpError extends Error {
  constructor(readonly code: string) {
    super(`status ${code}`);
  }
}

type Answer<Output> =
  | { readonly output: Output }
  | { readonly code: string; readonly executed?: string; readonly message: string };
