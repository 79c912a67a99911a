import { createServer, type IncomingMessage } from 'node:http';
import { Pool } from 'undici';
import { compute, textOf, waitUpTo4Ms } from '../operation.js';
import { nineProducts } from '../products.js';
import { boundTo } from './loopback.js';
import type { Peer } from './peer.js';

/** HTTP/1.1: undici to node:http, keep-alive connections, JSON for what is not text. */
export const http: Peer = {
  async serve() {
    const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
      switch (request.url) {
        case '/list':
          response.setHeader('content-type', 'application/json');
          response.end(JSON.stringify(nineProducts));
          return;
        case '/work':
          response.end(JSON.stringify(compute()));
          return;
        case '/wait':
          textIn(request, (text) => void waitUpTo4Ms().then(() => response.end(text)));
          return;
        default:
          textIn(request, (text) => response.end(text));
      }
    });
    return { endpoint: JSON.stringify(await boundTo(server, { host: '127.0.0.1', port: 0 })) };
  },
  async connect(endpoint) {
    const { port } = JSON.parse(endpoint) as { readonly port: number };
    const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS });
    return {
      call(operation) {
        const path = operation.startsWith('echo') ? '/echo' : `/${operation}`;
        const body = textOf(operation);
        const isText = path === '/echo' || path === '/wait';
        return {
          kind: 'promise',
          async call() {
            const answer = await pool.request({ path, method: 'POST', body });
            return isText ? answer.body.text() : answer.body.json();
          },
        };
      },
    };
  },
};

const CONNECTIONS = 128;

function textIn(request: IncomingMessage, then: (text: string) => void): void {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    text += chunk;
  });
  request.on('end', () => then(text));
}
