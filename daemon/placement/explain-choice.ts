import type { DecidingRule } from './candidates.js';
import type { Choice, MoveReason } from './place.js';

const RULES: Readonly<Record<DecidingRule, string>> = {
  only: 'the only one with room',
  zone: 'its zone has the fewest replicas of the group',
  host: 'it has the fewest replicas of the group',
  load: 'the least loaded',
  hash: 'as loaded as others; the hash of its name decided',
};

const MOVES: Readonly<Record<MoveReason, string>> = {
  gone: 'is gone',
  draining: 'is draining',
  labels: 'no longer has the labels it needs',
  capacity: 'no longer has room for it',
};

/** One line of `weaverd plan`. */
export function explainChoice(choice: Choice): string {
  switch (choice.kind) {
    case 'stays':
      return `stays on ${choice.host}`;
    case 'placed': {
      const { host, zone, rule, candidates, from } = choice;
      const where = `${host}${zone === '' ? '' : ` (zone ${zone})`}`;
      const moved = from === undefined ? '' : `; it was on ${from.host}, which ${MOVES[from.why]}`;
      const { hosts, open, labelled, fitting } = candidates;
      return `${where}: ${RULES[rule]}, of ${hosts} hosts ${open} take new replicas, ${labelled} have the labels, ${fitting} have room${moved}`;
    }
    case 'held':
      return `held on ${choice.host}, which ${MOVES[choice.why]}, since ${choice.reason}`;
    case 'unplaced':
      return `nowhere: ${choice.reason}`;
  }
}
