import * as z from 'zod';
import { ApiError } from './api-error.js';
import type { HostChange, LogCursor } from './api-types.js';
import type { ApiBackend } from './backend.js';
import type { LogQuery } from './client.js';
import type { Lines } from './follow.js';
import { queryNumber, queryText, type Requested } from './requested.js';
import { stateRequest } from './state-request.js';

type Answer = { readonly kind: 'json'; readonly body: unknown } | Lines;

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly handle: (backend: ApiBackend, requested: Requested) => Promise<Answer> | Answer;
}

const deployRequest = z.strictObject({
  version: z.string(),
  manifest: z.unknown(),
  stateCheck: z.enum(['both-ways', 'forward', 'none']).optional(),
});
const stopRequest = z.strictObject({ remove: z.boolean().default(false) });
const shutdownRequest = z.strictObject({ stopProclets: z.boolean() });

/** The socket's permissions let in this user and root only. */
const LOCAL_USER = 'local';

/** The paths of api-types.ts. */
export const ROUTES: readonly Route[] = [
  { method: 'GET', path: /^\/v1\/status$/, handle: async (backend) => json(await backend.status()) },
  {
    method: 'GET',
    path: /^\/v1\/apps\/(?<app>[^/]+)$/,
    handle: async (backend, { parameter }) =>
      json(
        found(
          await backend.app(parameter('app')),
          'NO_SUCH_APP',
          `there is no app ${parameter('app')}`,
          '`weaverd status` lists those there are',
        ),
      ),
  },
  {
    method: 'GET',
    path: /^\/v1\/apps\/(?<app>[^/]+)\/history$/,
    handle: async (backend, { parameter }) => json(await backend.history(parameter('app'))),
  },
  {
    method: 'POST',
    path: /^\/v1\/apps\/(?<app>[^/]+)\/stop$/,
    handle: async (backend, requested) => {
      await backend.stop(requested.parameter('app'), await requested.json(stopRequest), LOCAL_USER);
      return json({});
    },
  },
  {
    method: 'GET',
    path: /^\/v1\/artifacts\/(?<version>[^/]+)$/,
    handle: async (backend, { parameter }) =>
      json(
        found(
          await backend.artifact(parameter('version')),
          'NO_SUCH_ARTIFACT',
          `there is no artifact ${parameter('version')}`,
        ),
      ),
  },
  {
    method: 'PUT',
    path: /^\/v1\/artifacts\/(?<version>[^/]+)\/(?<file>[^/]+)$/,
    handle: async (backend, { parameter, raw }) => {
      await backend.putArtifactFile(parameter('version'), parameter('file'), await raw());
      return json({});
    },
  },
  {
    method: 'POST',
    path: /^\/v1\/deploy$/,
    handle: async (backend, requested) =>
      json(await backend.deploy(await requested.json(deployRequest), LOCAL_USER)),
  },
  { method: 'GET', path: /^\/v1\/hosts$/, handle: async (backend) => json(await backend.hosts()) },
  {
    method: 'POST',
    path: /^\/v1\/hosts\/(?<host>[^/]+)\/(?<change>drain|undrain|remove)$/,
    handle: async (backend, { parameter }) => {
      await backend.changeHost(parameter('host'), parameter('change') as HostChange, LOCAL_USER);
      return json({});
    },
  },
  { method: 'GET', path: /^\/v1\/doctor$/, handle: async (backend) => json(await backend.doctor()) },
  { method: 'GET', path: /^\/v1\/plan$/, handle: async (backend) => json(await backend.plan()) },
  {
    method: 'GET',
    path: /^\/v1\/routing\/(?<component>[^/]+)$/,
    handle: async (backend, { parameter, query }) =>
      json(await backend.routing(parameter('component'), queryText(query, 'app'))),
  },
  { method: 'GET', path: /^\/v1\/logs$/, handle: (backend, { query }) => logLines(backend, query) },
  {
    method: 'GET',
    path: /^\/v1\/traces$/,
    handle: async (backend, { query }) =>
      json(
        await backend.traces(
          given({
            app: queryText(query, 'app'),
            trace: queryText(query, 'trace'),
            limit: queryNumber(query, 'limit'),
          }),
        ),
      ),
  },
  {
    method: 'GET',
    path: /^\/v1\/events$/,
    handle: (backend, { query }) => ({
      kind: 'lines',
      lines: backend.events(queryNumber(query, 'limit')),
      follow: query.has('follow') ? (listener) => backend.followEvents(listener) : undefined,
    }),
  },
  {
    method: 'POST',
    path: /^\/v1\/state$/,
    handle: async (backend, requested) => json(await backend.state(await requested.json(stateRequest))),
  },
  {
    method: 'POST',
    path: /^\/v1\/shutdown$/,
    handle: async (backend, requested) => {
      await backend.shutdown(await requested.json(shutdownRequest));
      return json({});
    },
  },
];

async function logLines(backend: ApiBackend, query: URLSearchParams): Promise<Lines> {
  const asked: LogQuery = {
    app: queryText(query, 'app'),
    component: queryText(query, 'component'),
    replica: queryText(query, 'replica'),
    level: queryNumber(query, 'level'),
    from: queryNumber(query, 'from'),
    since: logCursor(query),
    limit: queryNumber(query, 'limit'),
  };
  if (!query.has('follow')) return { kind: 'lines', lines: await backend.logs(asked), follow: undefined };
  // What there is since then comes first by following, too.
  if (asked.since !== undefined)
    return { kind: 'lines', lines: [], follow: (listener) => backend.followLogs(asked, listener) };
  const lines = await backend.logs(asked);
  const since = lines.findLast((item) => 'cursor' in item)?.cursor;
  return {
    kind: 'lines',
    lines,
    follow: (listener) => backend.followLogs({ ...asked, since }, listener),
  };
}

const logCursorSchema = z.strictObject({
  from: z.number(),
  after: z.record(z.string(), z.int().min(0)),
});

function logCursor(query: URLSearchParams): LogCursor | undefined {
  const text = queryText(query, 'since');
  if (text === undefined) return undefined;
  try {
    return logCursorSchema.parse(JSON.parse(text));
  } catch (cause) {
    const mend = 'give the cursor of an answer: {"from":…,"after":{"host":…}}';
    throw new ApiError(400, 'INVALID_QUERY', 'since is no cursor', mend, { cause });
  }
}

function json(body: unknown): Answer {
  return { kind: 'json', body };
}

function found<T>(value: T | undefined, code: string, message: string, mend?: string): T {
  if (value === undefined) throw new ApiError(404, code, message, mend);
  return value;
}

/** Without the parts that were not given. */
function given<T extends object>(query: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
