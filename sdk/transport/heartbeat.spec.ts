import { expect } from 'chai';
import { decideHeartbeat } from './heartbeat.js';

const limits = { heartbeatIntervalMs: 1_000, heartbeatTimeoutMs: 3_000 };

function decide(now: number, heardAt: number, sentAt = now, dueAt = now) {
  return decideHeartbeat({ heardAt, sentAt, dueAt }, now, limits);
}

describe('decideHeartbeat', () => {
  it('waits while there is traffic both ways', () => {
    expect(decide(10_000, 9_600, 9_900)).to.deep.equal({ kind: 'wait', forMs: 600 });
  });

  it('pings after an interval without a frame received', () => {
    expect(decide(10_000, 9_000)).to.deep.equal({ kind: 'ping', forMs: 1_000 });
    expect(decide(10_000, 7_500)).to.deep.equal({ kind: 'ping', forMs: 500 });
  });

  it('pings after an interval without a frame sent, for a peer that is busy sending', () => {
    expect(decide(10_000, 10_000, 9_000)).to.deep.equal({ kind: 'ping', forMs: 1_000 });
  });

  it('gives the peer up after the timeout', () => {
    expect(decide(10_000, 7_000)).to.deep.equal({ kind: 'lost', silentMs: 3_000 });
  });

  it('does not blame the peer for a standstill of its own', () => {
    expect(decide(60_000, 10_000, 10_000, 11_000)).to.deep.equal({ kind: 'stalled', forMs: 1_000 });
  });
});
