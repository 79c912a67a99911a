import { expect } from 'chai';
import { IngressLoad } from './ingress-load.js';

describe('IngressLoad', () => {
  it('tells the CPU of a process since its start, and nothing of none', () => {
    const load = new IngressLoad();
    expect(load.look(undefined)).to.equal(0);
    while (process.uptime() < 1.1 || process.cpuUsage().user < 200_000); // enough to be seen in ticks of 10 ms
    const percent = load.look(process.pid);
    expect(percent).to.be.greaterThan(0).and.to.be.lessThan(1000);
    expect(load.look(process.pid), 'within a second').to.equal(percent);
    expect(load.look(undefined)).to.equal(0);
  });
});
