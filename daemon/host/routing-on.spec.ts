import { expect } from 'chai';
import type { PublishedReplica, PublishedRouting } from './host-messages.js';
import { routingOn } from './routing-on.js';

function replica(name: string, host: string): PublishedReplica {
  return {
    replica: name,
    group: 'Cart',
    generation: 1,
    host,
    address: { kind: 'unix', path: `/${name}` },
    remoteAddress: { kind: 'tcp', host, port: 7000 },
  };
}

const routing: PublishedRouting = {
  component: 'Cart',
  epoch: 7,
  replicas: [replica('Cart-0', 'h1'), replica('Cart-1', 'h2')],
  assignment: { starts: [0], owners: [1] },
};

describe('routingOn', () => {
  it('names the Unix socket of a replica on the same host, and the network address of the others', () => {
    expect(routingOn('h1', routing).replicas.map(({ address }) => address)).to.deep.equal([
      { kind: 'unix', path: '/Cart-0' },
      { kind: 'tcp', host: 'h2', port: 7000 },
    ]);
    expect(routingOn('h3', routing).replicas.map(({ address }) => address.kind)).to.deep.equal([
      'tcp',
      'tcp',
    ]);
  });

  it('leaves all else as it is, and tells no proclet about hosts', () => {
    expect(routingOn('h1', routing)).to.deep.include({
      component: 'Cart',
      epoch: 7,
      assignment: { starts: [0], owners: [1] },
    });
    const [here, there] = routingOn('h1', routing).replicas;
    expect(here).to.have.all.keys('replica', 'group', 'generation', 'address');
    expect(there).to.have.all.keys('replica', 'group', 'generation', 'address', 'elsewhere');
  });
});
