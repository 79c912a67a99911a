import { expect } from 'chai';
import { groupsOf, ManifestError } from './groups.js';
import { sampleDescription, sampleManifest } from './spec-support/sample-app.js';

describe('groups', () => {
  const description = sampleDescription('v1');
  const groups = (manifest: object, of = description) =>
    groupsOf(of, sampleManifest(manifest)).map(({ name, replicas }) => `${name}:${replicas}`);

  it('has each component, and main, alone unless told otherwise', () => {
    expect(groups({})).to.deep.equal([
      'Cart:1',
      'CartCache:1',
      'Catalog:1',
      'Frontend:1',
      'Recommendations:1',
      'main:1',
    ]);
    expect(groups({}, sampleDescription('v1', { hasMain: false }))).to.not.include('main:1');
  });

  it('puts together what is co-located, with the replicas of the one that needs most', () => {
    const manifest = {
      colocate: [['CartCache', 'Cart']],
      components: {
        Cart: { replicas: 3 },
        CartCache: { replicas: 2 },
        Catalog: { replicas: { min: 2, max: 9 } },
      },
    };
    expect(groups(manifest)).to.deep.equal([
      'Cart+CartCache:3',
      'Catalog:2',
      'Frontend:1',
      'Recommendations:1',
      'main:1',
    ]);
  });

  it('refuses a component with state more than one replica, also by way of its group', () => {
    const { components } = description;
    const stateful = sampleDescription('v1', {
      components: components.map((each) => (each.name === 'Cart' ? { ...each, states: ['carts'] } : each)),
    });
    expect(groups({}, stateful)).to.include('Cart:1');
    expect(groups({ components: { Catalog: { replicas: 3 } } }, stateful)).to.include('Catalog:3');
    for (const manifest of [
      { components: { Cart: { replicas: 2 } } },
      { components: { Cart: { replicas: { min: 1, max: 2 } } } },
      { components: { Catalog: { replicas: 2 } }, colocate: [['Cart', 'Catalog']] },
    ])
      expect(() => groups(manifest, stateful)).to.throw(
        ManifestError,
        'component "Cart" has state (carts) and up to 2 replicas',
      );
  });

  it('makes one group of all, main included', () => {
    const [all, ...others] = groupsOf(description, sampleManifest({ colocate: 'all' }));
    expect(others).to.deep.equal([]);
    expect(all).to.include({ name: 'all', hasMain: true, replicas: 1 });
    expect(all?.components).to.have.length(5);
  });

  it('keeps the names of large groups short', () => {
    const [first] = groupsOf(
      description,
      sampleManifest({ colocate: [['Cart', 'CartCache', 'Catalog', 'Frontend', 'Recommendations']] }),
    );
    expect(first?.name).to.equal('Cart+4');
  });

  it('names the nearest component to one that is not there', () => {
    expect(() => groups({ colocate: [['Crat', 'Catalog']] })).to.throw(ManifestError, 'did you mean "Cart"?');
    expect(() => groups({ components: { Cataloge: {} } })).to.throw(ManifestError, 'did you mean "Catalog"?');
    expect(() => groups({ components: { Xyzzy: {} } })).to.throw(ManifestError, 'it has Frontend');
  });

  it('refuses a component in two groups', () => {
    const colocate = [
      ['Cart', 'Catalog'],
      ['Cart', 'Frontend'],
    ];
    expect(() => groupsOf(description, { ...sampleManifest(), colocate })).to.throw(
      ManifestError,
      '"Cart" is in two groups',
    );
  });

  it('adds up what its components reserve, and needs the labels of all and the strictest spread', () => {
    const components = {
      Cart: {
        resources: { memory: '1GiB', cpu: 0.5 },
        placement: { labels: { disk: 'ssd' }, spread: 'none' },
        replicas: { min: 2, max: 6 },
      },
      Catalog: {
        resources: { memory: '512MiB', cpu: 0.25 },
        placement: { labels: { gpu: 'true' }, spread: 'host' },
        replicas: 3,
      },
    };
    const all = groupsOf(description, sampleManifest({ colocate: [['Cart', 'Catalog']], components }));
    const group = all.find(({ name }) => name === 'Cart+Catalog');
    expect(group).to.include({ replicas: 3, maxReplicas: 6 });
    expect(group?.needs).to.deep.equal({
      cpus: 0.75,
      memoryBytes: 1536 * 1024 ** 2,
      labels: { disk: 'ssd', gpu: 'true' },
      spread: 'host',
    });
    expect(all.find(({ name }) => name === 'Frontend')?.needs).to.deep.equal({
      cpus: 0,
      memoryBytes: 0,
      labels: {},
      spread: 'zone',
    });
  });

  it('refuses a group whose components need different hosts', () => {
    const components = {
      Cart: { placement: { labels: { disk: 'ssd' } } },
      Catalog: { placement: { labels: { disk: 'hdd' } } },
    };
    expect(() =>
      groupsOf(description, sampleManifest({ colocate: [['Cart', 'Catalog']], components })),
    ).to.throw(ManifestError, 'label disk=ssd and disk=hdd; take one of them out of the group');
  });
});
