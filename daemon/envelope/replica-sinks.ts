import type { Load } from '../../sdk/protocol/control.js';
import type { DaemonEvent, LogLine, TraceSpan } from '../api/api-types.js';
import type { ReplicaKey } from './replica-record.js';

/** Where a replica host hands on what its replicas say. None may throw. */
export interface ReplicaSinks {
  /** The log store numbers the lines. */
  onLog(line: Omit<LogLine, 'sequence'>): void;
  onLoad(replica: ReplicaKey & { readonly generation: number }, load: Load): void;
  onSpans(spans: readonly TraceSpan[]): void;
  /** Kinds: replica-started, -serving, -adopted, -exited, -killed, -terminated, -crash-loop, -not-started, -completed, -stopped, -failed; warm-proclet-failed; control-refused; record-unreadable. */
  onEvent(event: DaemonEvent): void;
  /** A lasting trouble of this host, by source; undefined when it is over. */
  onProblem(source: string, problem: string | undefined): void;
}
