import { expect } from 'chai';
import { subjectsOf } from '../../bus/subjects.js';
import type { Clock } from '../../processes/clock.js';
import type { HostLease } from './host-leases.js';
import { LEASE_EVERY_MS, LeaseSender } from './lease-sender.js';

describe('leases to hosts', () => {
  let now: number;
  let sent: { readonly subject: string; readonly body: unknown }[];
  let noted: string[];
  let sender: LeaseSender;
  const clock: Clock = { now: () => now, monotonic: () => now, after: () => () => undefined };
  const lease = (heard: number, ...replicas: string[]): HostLease => ({
    host: 'h1',
    heardAt: now,
    message: {
      generation: 1,
      heard,
      replicas: replicas.map((replica) => ({ app: 'shop', version: 'v1', replica, generation: 1 })),
    },
  });
  const send = (...leases: HostLease[]) => sender.send(leases, ({ host }) => noted.push(host));
  beforeEach(() => {
    now = 0;
    sent = [];
    noted = [];
    sender = new LeaseSender({
      bus: { publish: (subject, body) => void sent.push({ subject, body }) },
      subjects: subjectsOf('test'),
      clock,
      nextEpoch: () => 7,
    });
  });

  it('go out as often as they need to, and at once for a replica that comes to own something', () => {
    send(lease(1, 'Cart-0'));
    expect(sent).to.have.length(1);
    expect(sent[0]?.body).to.deep.include({ heard: 1, epoch: 7 });
    now += LEASE_EVERY_MS - 1;
    send(lease(2, 'Cart-0'));
    expect(sent).to.have.length(1);
    send(lease(2, 'Cart-0', 'Cart-1'));
    expect(sent).to.have.length(2);
    now += LEASE_EVERY_MS;
    send(lease(3, 'Cart-0'));
    expect(sent).to.have.length(3);
    expect(noted).to.have.length(3);
  });

  it('are new for a host that had nothing to own meanwhile', () => {
    send(lease(1, 'Cart-0'));
    send();
    send(lease(1, 'Cart-0'));
    expect(sent).to.have.length(2);
  });
});
