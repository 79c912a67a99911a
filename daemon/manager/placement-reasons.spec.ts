import { expect } from 'chai';
import type { Choice } from '../placement/place.js';
import { PlacementReasons } from './placement-reasons.js';
import type { AppPlan } from './plan.js';

const placed: Choice = {
  ...{ kind: 'placed', host: 'h2', zone: 'z2', rule: 'zone', from: undefined },
  candidates: { hosts: 3, open: 3, labelled: 3, fitting: 3 },
};
const stays = (host: string): Choice => ({ kind: 'stays', host });
const KEY = 'shop v1 Cart-0';

/** As far as it matters here. */
function planOf(...choices: readonly Choice[]): readonly AppPlan[] {
  const replicas = choices.map((_, index) => ({ placement: { replica: `Cart-${index}` } }));
  const groups = [{ version: 'v1', group: 'Cart', replicas, choices }];
  return [{ record: { app: 'shop' }, groups }] as unknown as readonly AppPlan[];
}

describe('PlacementReasons', () => {
  it('remembers why a replica came to where it stays, as long as it does', () => {
    const reasons = new PlacementReasons();
    expect(reasons.explain(KEY, stays('h2'))).to.equal('stays on h2');
    reasons.note(planOf(placed));
    reasons.note(planOf(stays('h2')));
    expect(reasons.explain(KEY, stays('h2'))).to.match(
      /^stays on h2, chosen then: h2 \(zone z2\): its zone has the fewest replicas of the group, of 3 hosts/,
    );
    reasons.note(planOf(stays('h3')));
    expect(reasons.explain(KEY, stays('h3'))).to.equal('stays on h3');
    reasons.note(planOf(placed));
    reasons.note([]);
    reasons.note(planOf(stays('h2')));
    expect(reasons.explain(KEY, stays('h2'))).to.equal('stays on h2');
  });
});
