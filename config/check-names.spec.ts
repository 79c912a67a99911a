import { expect } from 'chai';
import { appManifestSchema } from './app-manifest.js';
import { checkNames } from './check-names.js';
import { formatConfigProblem } from './config-problem.js';
import { overrideManifest } from './override-manifest.js';
import { parseToml } from './read-toml.js';

const description = {
  components: ['Cart', 'Checkout'].map((name) => ({
    name,
    methods: [],
    references: [],
    declaredAt: 'main.ts:1',
  })),
  listeners: [{ name: 'shop', component: 'main' }],
};

function problems(text: string): readonly string[] {
  const manifest = parseToml(text, 'weaver.toml', appManifestSchema);
  return checkNames(manifest, description, { file: 'weaver.toml', text }).map(formatConfigProblem);
}

describe('checkNames', () => {
  it('accepts names of the app', () => {
    expect(
      problems(
        'colocate = [["Cart", "main"]]\n[components.Checkout]\nreplicas = 2\n[listeners.shop]\nport = 1',
      ),
    ).to.deep.equal([]);
  });

  it('names the nearest for each unknown one', () => {
    expect(
      problems(
        'colocate = [["Cart", "Chekout"]]\n[components.cart]\nreplicas = 2\n[listeners.shp]\nport = 1',
      ),
    ).to.deep.equal([
      'weaver.toml:2: unknown component `cart` in [components.cart]; did you mean `Cart`?',
      'weaver.toml:1: unknown component `Chekout` in `colocate`; did you mean `Checkout`?',
      'weaver.toml:4: unknown listener `shp` in [listeners.shp]; did you mean `shop`?',
    ]);
  });

  it('lists what there is when none is near', () => {
    expect(problems('[components.Payment]\nreplicas = 2')).to.deep.equal([
      "weaver.toml:1: unknown component `Payment` in [components.Payment]; the app's components: Cart, Checkout",
    ]);
  });

  it('tells where the config of main goes', () => {
    expect(problems('[components.main]\nreplicas = 1')).to.deep.equal([
      'weaver.toml:1: `main` is no component, in [components.main]; write its config as [main.config]',
    ]);
  });
});

describe('overrideManifest', () => {
  const manifest = parseToml(
    'colocate = [["Cart"]]\n[listeners.shop]\nhost = "0.0.0.0"\nport = 80',
    'weaver.toml',
    appManifestSchema,
  );

  it('leaves what is not overridden', () => {
    expect(overrideManifest(manifest, { colocate: undefined, ports: {} })).to.deep.equal(manifest);
  });

  it('replaces groups, and ports with their host kept', () => {
    expect(overrideManifest(manifest, { colocate: 'all', ports: {} }).colocate).to.equal('all');
    expect(overrideManifest(manifest, { colocate: 'none', ports: {} }).colocate).to.deep.equal([]);
    expect(
      overrideManifest(manifest, { colocate: undefined, ports: { shop: 8080, api: 0 } }).listeners,
    ).to.deep.equal({ shop: { host: '0.0.0.0', port: 8080 }, api: { host: '127.0.0.1', port: 0 } });
  });
});
