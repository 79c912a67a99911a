import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { run } from 'weaverd';
import { Store } from './store.js';

await run(async (app) => {
  const store = app.get(Store);

  async function answer(request: IncomingMessage): Promise<{ status: number; body?: unknown }> {
    const url = new URL(request.url ?? '/', 'http://kv');
    const key = decodeURIComponent(url.pathname.slice(1));
    if (key === '')
      return {
        status: 200,
        body: await store.keys(
          url.searchParams.get('prefix') ?? '',
          url.searchParams.get('after') ?? undefined,
        ),
      };
    switch (request.method) {
      case 'GET': {
        const item = await store.get(key);
        return item === undefined ? { status: 404 } : { status: 200, body: item };
      }
      case 'PUT': {
        const ttl = url.searchParams.get('ttl');
        const revision = await store.put(key, await text(request), ttl === null ? undefined : Number(ttl));
        return { status: 200, body: { revision } };
      }
      case 'DELETE':
        return { status: (await store.remove(key)) ? 204 : 404 };
      default:
        return { status: 405 };
    }
  }

  const server = createServer((request, response) => {
    answer(request).then(
      ({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(body === undefined ? undefined : JSON.stringify(body));
      },
      (reason: Error) => response.writeHead(503).end(reason.message),
    );
  });
  server.listen(await app.listener('kv'));
  app.signal.addEventListener('abort', () => server.close());
});
