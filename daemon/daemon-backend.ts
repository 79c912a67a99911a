import { ControlError } from '../sdk/protocol/control-channel.js';
import { ApiError } from './api/api-error.js';
import type { ClusterStatus, DaemonStatus, DoctorReport, TracesReply } from './api/api-types.js';
import type { ApiBackend } from './api/backend.js';
import { ArtifactError } from './artifacts/artifact-error.js';
import type { ArtifactStore } from './artifacts/artifact-store.js';
import { BusError } from './bus/bus.js';
import type { ClusterLogs } from './cluster/cluster-logs.js';
import type { EventLog } from './manager/event-log.js';
import { ManifestError } from './manager/groups.js';
import { HostInUseError, UnknownHostError } from './manager/host-errors.js';
import { type Manager, UnknownAppError } from './manager/manager.js';
import { IncompatibleStateError } from './manager/state-schemas.js';
import type { SpanQuery } from './telemetry/span-store.js';

export interface DaemonBackendOptions {
  readonly manager: Manager;
  readonly artifacts: ArtifactStore;
  readonly logs: ClusterLogs;
  readonly traces: (query: SpanQuery) => Promise<TracesReply>;
  readonly events: EventLog;
  /** Of this daemon; `problems` are its own. */
  readonly status: () => Omit<DaemonStatus, 'apps' | 'cluster'>;
  /** Undefined for a host of its own. */
  readonly cluster: () => Pick<ClusterStatus, 'name' | 'bus'> | undefined;
  /** Makes an artifact available to the other hosts. */
  readonly offer: (version: string) => Promise<void>;
  readonly diagnose: () => Promise<DoctorReport>;
  readonly askState: ApiBackend['state'];
  readonly deployed: () => void;
  readonly shutdown: (options: { readonly stopProclets: boolean }) => void;
}

const DEFAULT_EVENTS = 100;

/** What the local API does. */
export function daemonBackend(options: DaemonBackendOptions): ApiBackend {
  const { manager, artifacts, logs, events } = options;
  return {
    async status() {
      const status = options.status();
      const { apps, hosts, leader, problems } = await manager.view();
      const cluster = options.cluster();
      return {
        ...status,
        problems: [...new Set([...status.problems, ...problems])],
        cluster: cluster && { ...cluster, leader, hosts },
        apps,
      };
    },
    async app(app) {
      const { apps } = await manager.view();
      return apps.find((each) => each.app === app);
    },
    artifact: (version) => named(artifacts.describe(version)),
    putArtifactFile: (version, file, bytes) => named(artifacts.upload(version, file, [bytes])),
    async deploy({ version, manifest, stateCheck }, user) {
      const description = await named(artifacts.describe(version));
      if (description === undefined)
        throw new ApiError(
          404,
          'NO_SUCH_ARTIFACT',
          `this daemon has no artifact ${version}`,
          'upload it first: `weaverd deploy` does',
        );
      await named(options.offer(version));
      const reply = await named(manager.deploy(description, manifest, user, stateCheck));
      options.deployed();
      return reply;
    },
    stop: (app, { remove }, user) => named(manager.stopApp(app, remove, user)),
    history: (app) => named(manager.history(app)),
    async hosts() {
      const { hosts, leader } = await manager.view();
      return { cluster: options.cluster()?.name, leader, hosts };
    },
    changeHost: (host, change, user) => named(manager.changeHost(host, change, user)),
    plan: () => named(manager.explain()),
    doctor: options.diagnose,
    routing: (component, app) => named(manager.routing(component, app)),
    async logs(query) {
      const { lines, cursor, missing } = await logs.query(query);
      const notices = missing.map(({ host, reason }) => ({ missing: host, reason }));
      return [...notices, ...lines, { cursor }];
    },
    followLogs: (query, listener) => logs.follow(query, listener),
    traces: ({ app, trace, limit }) => options.traces({ app, traceId: trace, limit }),
    events: (limit) => events.newest(limit ?? DEFAULT_EVENTS),
    followEvents: (listener) => events.follow(listener),
    state: (request) => named(options.askState(request)),
    shutdown: async (request) => options.shutdown(request),
  };
}

/** The daemon's own errors as those of the API. */
async function named<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (reason) {
    throw apiErrorOf(reason);
  }
}

function apiErrorOf(reason: unknown): unknown {
  if (reason instanceof ManifestError)
    return new ApiError(422, 'INVALID_MANIFEST', reason.message, 'change weaver.toml and deploy again', {
      cause: reason,
    });
  if (reason instanceof IncompatibleStateError)
    return new ApiError(409, 'INCOMPATIBLE_STATE', reason.message, reason.mend, { cause: reason });
  if (reason instanceof UnknownAppError)
    return new ApiError(404, 'NO_SUCH_APP', reason.message, '`weaverd status` lists those there are', {
      cause: reason,
    });
  if (reason instanceof UnknownHostError)
    return new ApiError(404, 'NO_SUCH_HOST', reason.message, reason.mend, { cause: reason });
  if (reason instanceof HostInUseError)
    return new ApiError(409, 'HOST_IN_USE', reason.message, reason.mend, { cause: reason });
  if (reason instanceof ControlError) return stateError(reason);
  if (reason instanceof ArtifactError || reason instanceof BusError)
    return new ApiError(statusOf(reason.code), reason.code, reason.message, undefined, { cause: reason });
  return reason;
}

/** What a replica says when it is asked about its state. */
function stateError(reason: ControlError): ApiError {
  const { code, message } = reason;
  const mend =
    code === 'UNKNOWN_METHOD'
      ? 'the app was built with an older weaverd: build and deploy it again'
      : code === 'TIMEOUT'
        ? 'a version that waits for the state of one that drains answers when that has ended; try again'
        : undefined;
  return new ApiError(code === 'NOT_FOUND' ? 404 : 503, code, message, mend, { cause: reason });
}

function statusOf(code: ArtifactError['code'] | BusError['code']): number {
  switch (code) {
    case 'STORAGE_FULL':
      return 507;
    case 'TOO_LARGE':
      return 413;
    case 'CONFLICT':
      return 409;
    case 'OVERLOADED':
    case 'CLOSED':
    case 'TIMEOUT':
    case 'OUTCOME_UNKNOWN':
    case 'UNAVAILABLE':
    case 'NO_RESPONDERS':
      return 503;
    case 'STORAGE_FAILED':
    case 'CORRUPT':
    case 'REFUSED':
      return 500;
    case 'INVALID':
    case 'INVALID_NAME':
    case 'INCOMPLETE':
    case 'INVALID_DESCRIPTION':
    case 'DIGEST_MISMATCH':
      return 422;
    case 'NOT_OFFERED':
      return 404;
  }
}
