import type { Logs } from '../../sdk/protocol/control.js';
import type { IngressListenerStatus, IngressRoute } from './ingress-routes.js';

/**
 * The messages between the ingress process and the daemon's keeper of it, over a ControlChannel. The process connects,
 * and reconnects for ever; until a daemon answers it serves its last routes.
 *
 * Compatibility: a newer daemon adopts an older ingress and the other way round. Fields are only added, never changed;
 * receivers ignore unknown fields and notifications.
 */
export const INGRESS_PROTOCOL = 1;

/** Names the spec file of a new process. */
export const INGRESS_SPEC_VARIABLE = 'WEAVERD_INGRESS';

/** The spec file, mode 0600. */
export interface IngressSpec {
  readonly protocol: number;
  readonly controlSocket: string;
  /** Proves to the daemon that this is the process it started. Secret. */
  readonly token: string;
  /** For the access log. Absent from an older daemon: there is none. */
  readonly logFolder?: string | undefined;
}

/** First on every connection. Refused with UNAUTHENTICATED, the process drains and exits: another has its place. */
export interface RegisterIngress {
  readonly protocol: number;
  readonly token: string;
  readonly pid: number;
  readonly rssBytes: number;
  readonly listeners: readonly IngressListenerStatus[];
}
export interface RegisterIngressReply {
  readonly protocol: number;
}

/** All routes. They replace the former ones. */
export interface Routes {
  /** Comes back in {@link Status}. Compared for equality only, since a new daemon counts afresh. */
  readonly sequence: number;
  readonly routes: readonly WireRoute[];
}
export interface WireRoute extends IngressRoute {
  /** For port 0: try this one first. */
  readonly preferredPort?: number;
}

export interface Status {
  /** Of the routes that are applied; undefined before this connection's first. */
  readonly sequence?: number;
  readonly rssBytes: number;
  readonly listeners: readonly IngressListenerStatus[];
}

/** Finish what is in flight, at most for `graceMs`, then exit with 0. */
export interface ShutdownIngress {
  readonly graceMs: number;
}

export interface IngressRequests {
  Register: { request: RegisterIngress; reply: RegisterIngressReply };
}
export interface IngressNotifications {
  Status: Status;
  Logs: Logs;
}
export interface KeeperRequests {
  /** Is the event loop turning? */
  Ping: { request: Record<string, never>; reply: { readonly rssBytes: number } };
}
export interface KeeperNotifications {
  Routes: Routes;
  Shutdown: ShutdownIngress;
}
