import { createServer, type IncomingMessage } from 'node:http';
import type { Context } from 'weaverd';
import type { Load } from '../load.js';
import type { PeerClient } from '../peers/peer.js';
import { runLoad } from '../run-load.js';

/** What the bench posts to the listener; the answer is a LoadReport. */
interface LoadRequest {
  readonly load: Load;
  readonly serverPids: readonly number[];
}

/** Runs the loads that are posted to the app's listener `bench`. */
export async function serveLoads(app: Context, client: PeerClient): Promise<void> {
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
}

async function json(request: IncomingMessage): Promise<LoadRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as LoadRequest;
}
