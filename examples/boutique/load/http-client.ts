import { Agent, request } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly setCookie: readonly string[];
  readonly body: string;
}

export interface HttpClient {
  send(method: 'GET' | 'POST', path: string, cookie: string, form?: URLSearchParams): Promise<HttpAnswer>;
  close(): void;
}

export interface HttpClientOptions {
  readonly url: string;
  /** For connections to a Unix socket instead of the URL's host. */
  readonly socketPath?: string | undefined;
  readonly connections: number;
  /** Until the answer is complete, ms. */
  readonly timeout: number;
}

export class RequestTimeout extends Error {
  override readonly name = 'RequestTimeout';
}

/** Keep-alive connections to one server; follows no redirects. */
export function httpClient({ connections, socketPath, timeout, url }: HttpClientOptions): HttpClient {
  const { hostname, port } = new URL(url);
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const target = socketPath === undefined ? { hostname, port: port || 80 } : { socketPath };
  return {
    send: (method, path, cookie, form) =>
      new Promise((resolve, reject) => {
        const body = form?.toString();
        const sent = request({ ...target, agent, method, path }, (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            text += chunk;
          });
          response.once('error', reject);
          response.once('end', () => {
            clearTimeout(late);
            resolve({
              status: response.statusCode ?? 0,
              location: response.headers.location,
              setCookie: response.headers['set-cookie'] ?? [],
              body: text,
            });
          });
        });
        const late = setTimeout(
          () => sent.destroy(new RequestTimeout(`no answer within ${timeout} ms`)),
          timeout,
        );
        sent.once('error', (error) => {
          clearTimeout(late);
          reject(error);
        });
        if (cookie !== '') sent.setHeader('cookie', cookie);
        if (body !== undefined) {
          sent.setHeader('content-type', 'application/x-www-form-urlencoded');
          sent.setHeader('content-length', Buffer.byteLength(body));
        }
        sent.end(body);
      }),
    close: () => agent.destroy(),
  };
}
