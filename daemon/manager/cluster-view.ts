import type { AppStatus } from '../api/api-types.js';

/** What the leader sees of the whole cluster. */
export interface ClusterView {
  readonly apps: readonly AppStatus[];
  /** Of the hosts, as they report them. */
  readonly problems: readonly string[];
}
