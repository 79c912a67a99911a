import { expect } from 'chai';
import type { Msg } from 'nats';
import { deliveryOf } from './key-value-message.js';

describe('deliveries of a JetStream consumer', () => {
  const of = (reply: string) => deliveryOf({ reply } as Msg);
  const delivery = { sequence: 42, delivered: 7, pending: 3, storedAt: 1_700_000_000_000 };

  it('are read from both forms of their reply subject', () => {
    expect(of('$JS.ACK.stream.consumer.1.42.7.1700000000000000000.3')).to.deep.equal(delivery);
    expect(of('$JS.ACK._.hash.stream.consumer.1.42.7.1700000000000000000.3')).to.deep.equal(delivery);
    expect(of('$JS.ACK._.hash.stream.consumer.1.42.7.1700000000000000000.3.token')).to.deep.equal(delivery);
  });

  it('are nothing else', () => {
    for (const reply of ['', '_INBOX.x', '$JS.ACK.a.b', '$JS.ACK.stream.consumer.1.x.7.17.3'])
      expect(of(reply), reply).to.equal(undefined);
  });
});
