import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ApiError } from './api-error.js';
import type { ApiErrorBody } from './api-types.js';
import type { ApiBackend } from './backend.js';
import { follow } from './follow.js';
import { type Requested, readJson, readRaw } from './requested.js';
import { ROUTES } from './routes.js';

const MAX_CONNECTIONS = 256;
const REQUEST_TIMEOUT_MS = 60_000;

export interface ApiServer {
  /** Ends open follow streams too. */
  close(): Promise<void>;
}

/** Serves the local API on a Unix socket of mode 0600. `onFailure` hears of answers with status 500. */
export async function serveApi(
  socketPath: string,
  backend: ApiBackend,
  onFailure: (error: Error) => void,
): Promise<ApiServer> {
  await rm(socketPath, { force: true });
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: 10_000 },
    (request, response) => {
      answer(backend, request, response).catch((reason: unknown) => fail(response, reason, onFailure));
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  await listening(server, socketPath);
  await chmod(socketPath, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function answer(
  backend: ApiBackend,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://weaverd');
  const method = request.method ?? 'GET';
  const onPath = ROUTES.flatMap((route) => {
    const match = route.path.exec(url.pathname);
    return match === null ? [] : [{ route, match }];
  });
  const found = onPath.find(({ route }) => route.method === method);
  if (found === undefined) {
    throw onPath.length === 0
      ? new ApiError(
          404,
          'NO_SUCH_PATH',
          `the API has no ${url.pathname}`,
          'the command may be newer than the daemon: restart the daemon',
        )
      : new ApiError(
          405,
          'METHOD_NOT_ALLOWED',
          `${url.pathname} takes ${onPath.map(({ route }) => route.method).join(', ')}, not ${method}`,
        );
  }
  const requested: Requested = {
    parameter: (name) => decodeURIComponent(found.match.groups?.[name] ?? ''),
    query: url.searchParams,
    json: (schema) => readJson(request, schema),
    raw: () => readRaw(request),
  };
  const answered = await found.route.handle(backend, requested);
  if (answered.kind === 'lines') return follow(response, answered);
  sendJson(response, 200, answered.body);
}

function fail(response: ServerResponse, reason: unknown, onFailure: (error: Error) => void): void {
  const known = reason instanceof ApiError;
  const error = reason instanceof Error ? reason : new Error(String(reason));
  if (!known) onFailure(error);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body: ApiErrorBody = known
    ? {
        error: {
          code: reason.code,
          message: reason.message,
          ...(reason.mend !== undefined && { mend: reason.mend }),
        },
      }
    : { error: { code: 'INTERNAL', message: `the daemon failed: ${error.message}`, mend: 'see its log' } };
  // An upload that was refused half-way is not read to its end.
  response.shouldKeepAlive = false;
  sendJson(response, known ? reason.status : 500, body);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const json = Buffer.from(JSON.stringify(body ?? {}));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': json.length });
  response.end(json);
}
