import { expect } from 'chai';
import { HeartbeatTimes } from './heartbeat-times.js';
import { LEASE_MS } from './host-messages.js';

describe('times of heartbeats', () => {
  it('leases from when the heartbeat was sent that the leader heard, not from when its answer comes', () => {
    const times = new HeartbeatTimes();
    times.sending(1, 100);
    times.sending(2, 1100);
    expect(times.leaseUntil(2)).to.equal(1100 + LEASE_MS);
    expect(times.leaseUntil(1)).to.equal(100 + LEASE_MS);
    expect(times.leaseUntil(3)).to.equal(undefined);
    times.sending(3, 100 + LEASE_MS);
    expect(times.leaseUntil(1)).to.equal(undefined);
    expect(times.leaseUntil(2)).to.equal(1100 + LEASE_MS);
  });

  it('remembers a bounded number, the newest', () => {
    const times = new HeartbeatTimes();
    for (let sequence = 1; sequence <= 5000; sequence++) times.sending(sequence, sequence);
    expect(times.leaseUntil(5000)).to.equal(5000 + LEASE_MS);
    expect(times.leaseUntil(5000 - 1023)).to.equal(5000 - 1023 + LEASE_MS);
    expect(times.leaseUntil(5000 - 1024)).to.equal(undefined);
  });
});
