import type { Assignment } from '../../daemon/manager/assignment.js';
import { DEFAULT_BALANCING } from '../../daemon/manager/slicer/balancing.js';
import { indexAt } from '../../daemon/manager/slicer/measured-slices.js';
import { nextAssignment } from '../../daemon/manager/slicer/next-assignment.js';
import type { Membership, Strategy } from './placement.js';

/** The manager's own assignment, without load. */
export const slicer: Strategy = { name: 'weaverd', start: (members) => membership(undefined, members) };

function membership(previous: Assignment | undefined, members: readonly string[]): Membership {
  const assignment = nextAssignment(previous, members, [], DEFAULT_BALANCING);
  return {
    placement: (hash) => assignment.owners[indexAt(assignment.starts, hash)] ?? '',
    change: (next) => membership(assignment, next),
  };
}
