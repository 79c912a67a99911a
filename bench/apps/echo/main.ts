import { createServer, type IncomingMessage } from 'node:http';
import { run } from 'weaverd';
import { connectThroughLink } from '../../link/connect-through-link.js';
import type { Load } from '../../load.js';
import { runLoad } from '../../run-load.js';
import { Echo } from './echo.js';
import { echoClient } from './echo-client.js';

/** What the bench posts to the listener; the answer is a LoadReport. */
interface LoadRequest {
  readonly load: Load;
  readonly serverPids: readonly number[];
}

const { BENCH_LINK_PORT } = process.env;
if (BENCH_LINK_PORT !== undefined) connectThroughLink(Number(BENCH_LINK_PORT));

await run(async (app) => {
  const client = echoClient(app.get(Echo));
  const server = createServer((request, response) => {
    json(request)
      .then(({ load, serverPids }) => runLoad(client, load, serverPids))
      .then(
        (report) => response.end(JSON.stringify(report)),
        (reason: unknown) =>
          response.writeHead(500).end(reason instanceof Error ? reason.stack : String(reason)),
      );
  });
  server.listen(await app.listener('bench'));
});

async function json(request: IncomingMessage): Promise<LoadRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as LoadRequest;
}
