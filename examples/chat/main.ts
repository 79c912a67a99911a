import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { run } from 'weaverd';
import { follow } from './follow.js';
import type { Said } from './messages.js';
import { PAGE } from './page.js';
import { Rooms } from './rooms.js';

await run(async (app) => {
  const rooms = app.get(Rooms);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const room = decodeURIComponent(new URL(request.url ?? '/', 'http://chat').pathname.slice(1)) || 'lobby';
    if (request.method === 'POST') {
      response.end(String(await rooms.say(room, (await json(request)) as Said)));
    } else if (request.headers.accept === 'text/event-stream') {
      // Events have the messages' numbers as ids: a browser that comes back tells the last one it has.
      await send(response, room, Number(request.headers['last-event-id'] ?? 0));
    } else {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(PAGE);
    }
  }

  async function send(response: ServerResponse, room: string, after: number): Promise<void> {
    const { signal, abort } = untilClosed(response);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write('retry: 500\n\n');
    app.signal.addEventListener('abort', abort, { signal });
    for await (const message of follow(rooms, room, after, signal))
      if (!response.write(`id: ${message.number}\ndata: ${JSON.stringify(message)}\n\n`))
        await once(response, 'drain', { signal });
    response.end();
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((reason: Error) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(503).end(reason.message);
    });
  });
  server.listen(await app.listener('chat'));
  app.signal.addEventListener('abort', () => server.close());
});

function untilClosed(response: ServerResponse): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  response.once('close', abort);
  return { signal: controller.signal, abort };
}
