import type { AppStatus, DaemonStatus, LogLine } from '../../daemon/api/api-types.js';

/** The milestones of `weaverd run`; each is a line under `--json`. */
export type RunEvent =
  | {
      readonly event: 'built';
      readonly app: string;
      readonly version: string;
      readonly folder: string;
      readonly components: number;
      readonly tookMs: number;
    }
  | { readonly event: 'daemon'; readonly pid: number; readonly stateFolder: string }
  | {
      readonly event: 'deployed';
      readonly app: string;
      readonly version: string;
      readonly unchanged: boolean;
    }
  | {
      readonly event: 'serving';
      readonly app: string;
      readonly listeners: readonly { readonly name: string; readonly url: string }[];
    }
  | { readonly event: 'completed'; readonly app: string }
  | {
      readonly event: 'failed';
      readonly app: string;
      readonly replica: string | undefined;
      readonly reason: string;
      /** What the replica logged last at level error. */
      readonly logs: readonly LogLine[];
    }
  | { readonly event: 'stopping'; readonly app: string }
  | { readonly event: 'stopped'; readonly app: string };

/** How `weaverd run` shows what happens: on a terminal, line by line, or as JSON. */
export interface RunReporter {
  /** What is going on right now. */
  progress(text: string): void;
  event(event: RunEvent): void;
  /** The daemon's is the newest that is known; it may be older. */
  status(status: AppStatus, daemon?: DaemonStatus): void;
  log(line: LogLine): void;
  /** Nothing is shown any more. Idempotent. */
  close(): void;
}
