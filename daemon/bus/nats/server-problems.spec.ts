import { expect } from 'chai';
import { serverProblems, unsafeReplicas } from './server-problems.js';

describe('nats server versions', () => {
  it('warns of those that lose what they acknowledged', () => {
    expect(serverProblems('2.9.10').join()).to.contain('upgrade it to 2.10.23');
    expect(serverProblems('2.10.22')).to.have.length(1);
    expect(serverProblems('2.10.23')).to.be.empty;
    expect(serverProblems('2.11.0-RC.1')).to.be.empty;
    expect(serverProblems('3.0.0')).to.be.empty;
    expect(serverProblems('').join()).to.contain('none that is known');
  });

  it('forbids replicas where a compare-and-set has several winners', () => {
    expect(unsafeReplicas('2.9.20', 3)).to.contain('replicas = 1');
    expect(unsafeReplicas('2.9.20', 1)).to.equal(undefined);
    expect(unsafeReplicas('2.9.21', 3)).to.equal(undefined);
    expect(unsafeReplicas('2.10.27', 3)).to.equal(undefined);
  });
});
