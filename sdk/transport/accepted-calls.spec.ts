import { expect } from 'chai';
import { AcceptedCalls } from './accepted-calls.js';
import { MAX_CALL_SLOTS } from './call-table.js';
import type { ServerCall } from './server-call.js';

const call = (callId: number): ServerCall => ({ callId }) as ServerCall;

describe('AcceptedCalls', () => {
  it('finds a call under its whole id only', () => {
    const calls = new AcceptedCalls();
    const first = call(3 * MAX_CALL_SLOTS + 5);
    calls.add(first);
    expect(calls.get(first.callId)).to.equal(first);
    expect(calls.get(4 * MAX_CALL_SLOTS + 5)).to.equal(undefined);
    expect(calls.taken(4 * MAX_CALL_SLOTS + 5)).to.equal(true);
    expect([calls.get(7), calls.taken(7)]).to.deep.equal([undefined, false]);
  });

  it('takes any id of 32 bits, and visits each call once', () => {
    const calls = new AcceptedCalls();
    const all = [1, MAX_CALL_SLOTS - 1, 2 ** 32 - 2].map(call);
    for (const each of all) calls.add(each);
    const seen: number[] = [];
    calls.forEach((each) => {
      calls.remove(each);
      seen.push(each.callId);
    });
    expect(seen.sort((a, b) => a - b)).to.deep.equal(all.map(({ callId }) => callId));
    calls.forEach((each) => {
      throw new Error(`call ${each.callId} is left`);
    });
  });

  it('removes a call, and not another that has taken its slot', () => {
    const calls = new AcceptedCalls();
    const earlier = call(MAX_CALL_SLOTS + 1);
    const later = call(2 * MAX_CALL_SLOTS + 1);
    calls.add(earlier);
    calls.remove(earlier);
    calls.add(later);
    calls.remove(earlier);
    expect(calls.get(later.callId)).to.equal(later);
  });
});
