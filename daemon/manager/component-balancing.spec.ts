import { expect } from 'chai';
import type { Deployment } from './app-record.js';
import { balancingOf } from './component-balancing.js';
import { sampleDeployment } from './spec-support/sample-app.js';

describe('balancingOf', () => {
  it('is as the manifest says, but keys of an owned component have one owner each', () => {
    const deployment = sampleDeployment('v1', { components: { Cart: { balancing: { maxOwners: 5 } } } });
    expect(balancingOf(deployment, 'Cart').maxOwners).to.equal(5);
    expect(balancingOf(deployment, 'Catalog').maxOwners).to.equal(16);
    const { description } = deployment;
    const owned: Deployment = {
      ...deployment,
      description: {
        ...description,
        components: description.components.map((each) => ({ ...each, exclusive: true })),
      },
    };
    expect(balancingOf(owned, 'Cart')).to.deep.equal({ ...balancingOf(deployment, 'Cart'), maxOwners: 1 });
    expect(balancingOf(owned, 'Catalog').maxOwners).to.equal(1);
  });
});
