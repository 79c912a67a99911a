import { Agent, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import type { StateAnswer } from '../../sdk/protocol/state-query.js';
import { apiSocketOf } from '../state/state-folder.js';
import { ApiError } from './api-error.js';
import type {
  ApiErrorBody,
  AppDescription,
  AppStatus,
  DaemonEvent,
  DaemonStatus,
  DeployReply,
  DeployRequest,
  DoctorReport,
  HistoryEntry,
  HostChange,
  HostsReply,
  LogCursor,
  LogItem,
  PlanView,
  RoutingView,
  ShutdownRequest,
  StateRequest,
  StopRequest,
  TracesReply,
} from './api-types.js';

/** What to show of the logs; each part narrows. */
export interface LogQuery {
  readonly app?: string | undefined;
  readonly component?: string | undefined;
  readonly replica?: string | undefined;
  /** pino's, this and above. */
  readonly level?: number | undefined;
  /** Not older than this, Unix ms. */
  readonly from?: number | undefined;
  readonly since?: LogCursor | undefined;
  /** The newest so many. */
  readonly limit?: number | undefined;
  readonly follow?: boolean | undefined;
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

const TIMEOUT_MS = 30_000;

/**
 * The local API of the daemon on a state folder. Every method rejects with an ApiError: `NO_DAEMON` when none runs there,
 * `DAEMON_LOST` when it went away in the middle, `DAEMON_TIMEOUT` when it does not answer, or the daemon's own.
 */
export class ApiClient {
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });

  constructor(readonly stateFolder: string) {
    this.#socketPath = apiSocketOf(stateFolder);
  }

  status(): Promise<DaemonStatus> {
    return this.#json('GET', '/v1/status');
  }

  app(app: string): Promise<AppStatus> {
    return this.#json('GET', `/v1/apps/${encodeURIComponent(app)}`);
  }

  /** Undefined when the daemon has no such artifact. */
  async artifact(version: string): Promise<AppDescription | undefined> {
    try {
      return await this.#json<AppDescription>('GET', `/v1/artifacts/${encodeURIComponent(version)}`);
    } catch (reason) {
      if (reason instanceof ApiError && reason.status === 404) return undefined;
      throw reason;
    }
  }

  async uploadArtifactFile(version: string, file: string, bytes: Uint8Array): Promise<void> {
    await this.#json(
      'PUT',
      `/v1/artifacts/${encodeURIComponent(version)}/${encodeURIComponent(file)}`,
      bytes,
    );
  }

  deploy(deployment: DeployRequest): Promise<DeployReply> {
    return this.#json('POST', '/v1/deploy', deployment);
  }

  async stop(app: string, options: StopRequest): Promise<void> {
    await this.#json('POST', `/v1/apps/${encodeURIComponent(app)}/stop`, options);
  }

  history(app: string): Promise<readonly HistoryEntry[]> {
    return this.#json('GET', `/v1/apps/${encodeURIComponent(app)}/history`);
  }

  hosts(): Promise<HostsReply> {
    return this.#json('GET', '/v1/hosts');
  }

  async changeHost(host: string, change: HostChange): Promise<void> {
    await this.#json('POST', `/v1/hosts/${encodeURIComponent(host)}/${change}`);
  }

  /** Takes some seconds. */
  doctor(): Promise<DoctorReport> {
    return this.#json('GET', '/v1/doctor');
  }

  plan(): Promise<PlanView> {
    return this.#json('GET', '/v1/plan');
  }

  routing(component: string, app?: string): Promise<readonly RoutingView[]> {
    return this.#json('GET', withQuery(`/v1/routing/${encodeURIComponent(component)}`, { app }));
  }

  state<A extends StateAnswer>(request: StateRequest): Promise<A> {
    return this.#json('POST', '/v1/state', request);
  }

  logs({ since, ...query }: LogQuery, signal?: AbortSignal): AsyncIterable<LogItem> {
    const cursor = since === undefined ? {} : { since: JSON.stringify(since) };
    return this.#lines<LogItem>('/v1/logs', { ...query, ...cursor }, signal);
  }

  events(
    query: { readonly limit?: number; readonly follow?: boolean },
    signal?: AbortSignal,
  ): AsyncIterable<DaemonEvent> {
    return this.#lines<DaemonEvent>('/v1/events', { ...query }, signal);
  }

  traces(query: {
    readonly app?: string;
    readonly trace?: string;
    readonly limit?: number;
  }): Promise<TracesReply> {
    return this.#json('GET', withQuery('/v1/traces', { ...query }));
  }

  async shutdown(options: ShutdownRequest): Promise<void> {
    await this.#json('POST', '/v1/shutdown', options);
  }

  /** Lets go of idle connections. */
  close(): void {
    this.#agent.destroy();
  }

  async #json<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await this.#request(method, path, body, TIMEOUT_MS);
    const text = await textOf(response).catch((reason: unknown) => {
      throw this.#lost(reason);
    });
    if ((response.statusCode ?? 500) >= 400) throw apiErrorOf(response.statusCode ?? 500, text);
    return JSON.parse(text) as T;
  }

  /** One JSON object per line, as they come. */
  async *#lines<T>(path: string, query: Query, signal: AbortSignal | undefined): AsyncGenerator<T> {
    const response = await this.#request('GET', withQuery(path, query), undefined, 0, signal);
    if ((response.statusCode ?? 500) >= 400)
      throw apiErrorOf(response.statusCode ?? 500, await textOf(response));
    try {
      for await (const line of createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY })) {
        if (line !== '') yield JSON.parse(line) as T;
      }
    } catch (reason) {
      if (signal?.aborted !== true) throw this.#lost(reason);
    } finally {
      response.destroy();
    }
  }

  #request(
    method: string,
    path: string,
    body: object | undefined,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const raw = body instanceof Uint8Array;
      const payload = body === undefined ? undefined : raw ? body : JSON.stringify(body);
      const sent = request(
        {
          socketPath: this.#socketPath,
          agent: this.#agent,
          method,
          path,
          headers: {
            host: 'weaverd',
            ...(payload !== undefined && {
              'content-type': raw ? 'application/octet-stream' : 'application/json',
              'content-length': Buffer.byteLength(payload),
            }),
          },
          ...(signal !== undefined && { signal }),
        },
        resolve,
      );
      if (timeoutMs > 0) {
        sent.setTimeout(timeoutMs, () =>
          sent.destroy(
            new ApiError(
              504,
              'DAEMON_TIMEOUT',
              `the daemon did not answer ${method} ${path} within ${timeoutMs} ms`,
            ),
          ),
        );
      }
      sent.once('error', (reason) => reject(this.#unreachable(reason)));
      sent.end(payload);
    });
  }

  #unreachable(reason: NodeJS.ErrnoException): ApiError {
    if (reason instanceof ApiError) return reason;
    if (reason.code === 'EACCES') {
      return new ApiError(
        403,
        'NOT_PERMITTED',
        `${this.#socketPath} is not yours to open`,
        'run as the user of the daemon, or as root',
        { cause: reason },
      );
    }
    if (reason.code === 'ECONNRESET' || reason.code === 'EPIPE') return this.#lost(reason);
    return new ApiError(
      503,
      'NO_DAEMON',
      `no weaverd daemon runs on ${this.stateFolder}`,
      'start one with `weaverd start`, or name its state folder with --state',
      { cause: reason },
    );
  }

  #lost(cause: unknown): ApiError {
    return new ApiError(
      503,
      'DAEMON_LOST',
      `the daemon on ${this.stateFolder} went away before it had answered`,
      'start it again with `weaverd start`: what it had accepted is kept; then see `weaverd status`',
      { cause },
    );
  }
}

function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, value === true ? '1' : String(value)]],
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function apiErrorOf(status: number, text: string): ApiError {
  try {
    const { error } = JSON.parse(text) as ApiErrorBody;
    return new ApiError(status, error.code, error.message, error.mend);
  } catch (cause) {
    return new ApiError(status, 'NO_API', `the daemon answered ${status}: ${text.slice(0, 200)}`, undefined, {
      cause,
    });
  }
}
