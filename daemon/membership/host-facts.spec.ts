import { expect } from 'chai';
import fc from 'fast-check';
import { nextGeneration, readHostFacts, zoneOf } from './host-facts.js';

const sound = {
  host: 'web-1.example',
  generation: 1_700_000_000_000,
  installation: 'f00d',
  address: '10.0.0.1',
  labels: { zone: 'east' },
  capacity: { cpus: 1.5, memoryBytes: 1024, maxReplicas: 3 },
  version: '1.0.0',
  protocol: 1,
};

describe('the facts of a host', () => {
  it('are read as they were sent', () => {
    expect(readHostFacts(JSON.parse(JSON.stringify(sound)))).to.deep.equal({ facts: sound });
    const { address: _, ...alone } = sound;
    expect(readHostFacts(alone)).to.deep.equal({ facts: { ...alone, address: undefined } });
  });

  it('are refused by name when a field is not what it should be', () => {
    const wrong: readonly [Record<string, unknown>, string][] = [
      [{ host: 'a b' }, 'host'],
      [{ generation: 0 }, 'generation'],
      [{ installation: 5 }, 'installation'],
      [{ address: '' }, 'address'],
      [{ labels: { a: 1 } }, 'labels'],
      [{ labels: Object.fromEntries(Array.from({ length: 65 }, (__, i) => [`l${i}`, ''])) }, 'labels'],
      [{ capacity: { cpus: -1, memoryBytes: 0, maxReplicas: 0 } }, 'capacity'],
      [{ version: 'x'.repeat(300) }, 'version'],
      [{ protocol: 1.5 }, 'protocol'],
    ];
    for (const [change, field] of wrong)
      expect(readHostFacts({ ...sound, ...change }))
        .to.have.property('problem')
        .that.includes(field);
  });

  it('never throw on what is no message', () => {
    fc.assert(fc.property(fc.anything(), (value) => readHostFacts(value) !== undefined));
  });

  it('say the failure domain, and the next generation', () => {
    expect([zoneOf(sound), zoneOf({ host: 'a', labels: {} })]).to.deep.equal(['east', 'host a']);
    expect([nextGeneration(50.7, 10), nextGeneration(50, 60)]).to.deep.equal([50, 61]);
  });
});
