import type { HostReport } from '../../host/host-messages.js';
import { type Holder, isOlderReport, type ReportStamp } from './holder.js';

/** Of a host's newest report what tells who has let go. */
export type Seen = Pick<HostReport, 'replicas' | 'sequence'> & {
  readonly facts: Pick<HostReport['facts'], 'generation'>;
};

/** Where a holder is one, and which keys are meant. */
export interface Held {
  readonly app: string;
  readonly component: string;
}

export function stampOf({ facts, sequence }: Seen): ReportStamp {
  return { generation: facts.generation, sequence };
}

/**
 * Whether, by its host's report, a process has certainly ended or, when its keys were taken at that epoch, said that it acts
 * for no more than a later routing gives it. False when the report does not tell.
 */
export function hasLetGo(
  { app, component }: Held,
  holder: Holder,
  takenAt: number | undefined,
  report: Seen,
): boolean {
  if (isOlderReport(stampOf(report), holder.seen)) return false;
  const replica = report.replicas.find(
    (each) => each.app === app && each.version === holder.version && each.replica === holder.replica,
  );
  if (replica === undefined || replica.generation > holder.generation) return true;
  // A host whose records were lost counts from one again: what ran before may still do.
  if (replica.generation < holder.generation) return false;
  if (hasEnded(replica)) return true;
  const settled = replica.settled?.find((each) => each.component === component);
  return takenAt !== undefined && settled !== undefined && settled.epoch >= takenAt;
}

/** The process of that generation. */
export function hasEnded({ state, pid }: Seen['replicas'][number]): boolean {
  return pid === undefined || state === 'waiting' || state === 'crash-loop' || state === 'stopped';
}
