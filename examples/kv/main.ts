import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { run } from 'weaverd';
import { Store } from './store.js';

await run(async (app) => {
  const store = app.get(Store);

  /** Undefined for what is not there, null for a method that is none. */
  async function answer(request: IncomingMessage): Promise<unknown> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://kv');
    const key = decodeURIComponent(pathname.slice(1));
    const number = (name: string) => (searchParams.has(name) ? Number(searchParams.get(name)) : undefined);
    switch (request.method) {
      case 'GET':
        return store.get(key);
      case 'PUT':
        return { revision: await store.put(key, await text(request), number('ttl')) };
      case 'PATCH':
        return store.patch(key, number('at') ?? 0, await text(request));
      case 'DELETE':
        return (await store.remove(key)) ? {} : undefined;
      default:
        return null;
    }
  }

  const server = createServer((request, response) => {
    answer(request).then(
      (body) => {
        const status = body === undefined ? 404 : body === null ? 405 : 200;
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      },
      (reason: Error) => response.writeHead(503).end(reason.message),
    );
  });
  server.listen(await app.listener('kv'));
  app.signal.addEventListener('abort', () => server.close());
});
