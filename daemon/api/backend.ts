import type { StateAnswer } from '../../sdk/protocol/state-query.js';
import type {
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
  LogItem,
  PlanView,
  RoutingView,
  ShutdownRequest,
  StateRequest,
  StopRequest,
  TracesReply,
} from './api-types.js';
import type { LogQuery } from './client.js';

/** What stands behind the local API. Methods reject with an ApiError for what the caller can mend. */
export interface ApiBackend {
  status(): Promise<DaemonStatus>;
  app(app: string): Promise<AppStatus | undefined>;
  artifact(version: string): Promise<AppDescription | undefined>;
  putArtifactFile(version: string, file: string, bytes: Uint8Array): Promise<void>;
  /** `user` is who asked, as far as the local API knows. */
  deploy(request: DeployRequest, user: string): Promise<DeployReply>;
  stop(app: string, request: StopRequest, user: string): Promise<void>;
  history(app: string): Promise<readonly HistoryEntry[]>;
  hosts(): Promise<HostsReply>;
  changeHost(host: string, change: HostChange, user: string): Promise<void>;
  plan(): Promise<PlanView>;
  doctor(): Promise<DoctorReport>;
  /** Of every app that has the component, or of that one. */
  routing(component: string, app: string | undefined): Promise<readonly RoutingView[]>;
  /** With a cursor, and with the hosts that are missing. */
  logs(query: LogQuery): Promise<readonly LogItem[]>;
  /** What comes after `since`, or from now on. Returns how to end it. */
  followLogs(query: LogQuery, listener: (item: LogItem) => void): () => void;
  traces(query: {
    readonly app?: string;
    readonly trace?: string;
    readonly limit?: number;
  }): Promise<TracesReply>;
  events(limit: number | undefined): readonly DaemonEvent[];
  followEvents(listener: (event: DaemonEvent) => void): () => void;
  state(request: StateRequest): Promise<StateAnswer>;
  /** Resolves at once; the daemon ends after the answer was sent. */
  shutdown(request: ShutdownRequest): Promise<void>;
}
