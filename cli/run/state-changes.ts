import type { AppStatus, ListenerStatus, ReplicaStatus } from '../../daemon/api/api-types.js';

/** Something that a status says and the one before it did not. */
export type StateChange =
  | { readonly kind: 'app'; readonly state: AppStatus['state']; readonly reason: string | undefined }
  | {
      readonly kind: 'replica';
      readonly replica: string;
      readonly state: ReplicaStatus['state'] | 'gone';
      readonly pid: number | undefined;
      readonly reason: string | undefined;
    }
  | {
      readonly kind: 'listener';
      readonly name: string;
      readonly state: ListenerStatus['state'];
      /** Undefined while it is opening, which may yet change it. */
      readonly url: string | undefined;
      readonly reason: string | undefined;
    };

export function stateChanges(before: AppStatus | undefined, after: AppStatus): readonly StateChange[] {
  const changes: StateChange[] = [];
  const known = new Map(replicasOf(before).map((replica) => [replica.replica, replica]));
  for (const replica of replicasOf(after)) {
    const previous = known.get(replica.replica);
    known.delete(replica.replica);
    if (previous?.state === replica.state && previous.generation === replica.generation) continue;
    const { replica: name, state, pid, lastFailure } = replica;
    changes.push({
      kind: 'replica',
      replica: name,
      state,
      pid,
      reason: isDown(state) ? lastFailure : undefined,
    });
  }
  for (const name of known.keys())
    changes.push({ kind: 'replica', replica: name, state: 'gone', pid: undefined, reason: undefined });
  // Of an app that stops, the listeners close; that says nothing new.
  const listeners = after.state === 'stopping' || after.state === 'stopped' ? [] : after.listeners;
  for (const { name, state, url, reason } of listeners) {
    const previous = before?.listeners.find((listener) => listener.name === name);
    if (previous?.state !== state || (state !== 'opening' && previous.url !== url))
      changes.push({ kind: 'listener', name, state, url: state === 'opening' ? undefined : url, reason });
  }
  if (before?.state !== after.state) changes.push({ kind: 'app', state: after.state, reason: after.reason });
  return changes;
}

export function describeChange(change: StateChange): string {
  const reason = change.reason === undefined ? '' : `: ${change.reason}`;
  switch (change.kind) {
    case 'app':
      return `app ${change.state}${reason}`;
    case 'replica':
      return `${change.replica} ${change.state}${change.pid === undefined ? '' : ` (pid ${change.pid})`}${reason}`;
    case 'listener':
      return `listener ${change.name} ${change.state}${change.url === undefined ? '' : ` at ${change.url}`}${reason}`;
  }
}

function replicasOf(status: AppStatus | undefined): readonly ReplicaStatus[] {
  return status?.groups.flatMap(({ replicas }) => replicas) ?? [];
}

function isDown(state: ReplicaStatus['state']): boolean {
  return state === 'waiting' || state === 'crash-loop' || state === 'failed';
}
