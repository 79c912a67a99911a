import { expect } from 'chai';
import fc from 'fast-check';
import { type AppManifest, appManifestSchema } from './app-manifest.js';
import { ConfigError, formatConfigProblem } from './config-problem.js';
import { parseToml } from './read-toml.js';

function parse(text: string): AppManifest {
  return parseToml(text, 'weaver.toml', appManifestSchema);
}

function problems(text: string): readonly string[] {
  try {
    parse(text);
  } catch (reason) {
    if (reason instanceof ConfigError) return reason.problems.map(formatConfigProblem);
    throw reason;
  }
  throw new Error('the manifest was accepted');
}

describe('reading weaver.toml', () => {
  it('has defaults for all', () => {
    expect(parse('')).to.deep.equal({
      colocate: [],
      components: {},
      main: { config: {} },
      listeners: {},
      env: {},
      resources: {},
      calls: { timeout: 10_000 },
      state: { durability: 'always' },
      shutdown: { grace: 10_000 },
      build: {},
    });
  });

  it('reads durations, replica counts and listeners', () => {
    const manifest = parse(`
      [components.A]
      replicas = 3
      [components.B]
      replicas = { min = 2 }
      [components.C]
      replicas = { max = 4 }
      [listeners.shop]
      port = 8080
      [calls]
      timeout = "1.5s"
      [shutdown]
      grace = 250
    `);
    expect(manifest.components.A?.replicas).to.deep.equal({ min: 3, max: 3 });
    expect(manifest.components.B?.replicas).to.deep.equal({ min: 2, max: 2 });
    expect(manifest.components.C?.replicas).to.deep.equal({ min: 1, max: 4 });
    expect(manifest.listeners.shop).to.deep.equal({ host: '127.0.0.1', port: 8080 });
    expect(manifest.calls.timeout).to.equal(1500);
    expect(manifest.shutdown.grace).to.equal(250);
  });

  it('reads where replicas may run and what they reserve; labels are texts', () => {
    const { components, main } = parse(`
      [components.A]
      placement = { labels = { disk = "ssd", gpu = true, generation = 3 }, spread = "host" }
      resources = { memory = "512MiB", cpu = 0.5 }
      [main]
      placement = { labels = { zone = "a" } }
    `);
    expect(components.A?.placement).to.deep.equal({
      labels: { disk: 'ssd', gpu: 'true', generation: '3' },
      spread: 'host',
    });
    expect(components.A?.resources).to.deep.equal({ memory: '512MiB', cpu: 0.5 });
    expect(main.placement).to.deep.equal({ labels: { zone: 'a' } });
  });

  it('is the same when checked again, as the daemon does', () => {
    const manifest = parse('colocate = "all"\n[components.A]\nreplicas = 2\n[calls]\ntimeout = "2m"');
    expect(appManifestSchema.parse(JSON.parse(JSON.stringify(manifest)))).to.deep.equal(manifest);
  });

  it('names line and column of a syntax error', () => {
    expect(problems('name = "a"\n[calls\ntimeout = 3')).to.deep.equal([
      'weaver.toml:2:7: not valid TOML: illegal character in key',
    ]);
  });

  it('names the nearest known key', () => {
    expect(problems('[components.Cart]\nreplcas = 2')).to.deep.equal([
      'weaver.toml:2: unknown key `replcas` in [components.Cart]; did you mean `replicas`?',
    ]);
    expect(problems('[components.Cart]\nreplicas = { mim = 2 }')).to.deep.equal([
      'weaver.toml:2: unknown key `mim` in [components.Cart.replicas]; did you mean `min`?',
    ]);
    expect(problems('colocation = "all"')).to.deep.equal([
      'weaver.toml:1: unknown key `colocation` in the top level; did you mean `colocate`?',
    ]);
  });

  it('lists the known keys when none is near', () => {
    expect(problems('[listeners.shop]\nprotocol = "http"')).to.deep.equal([
      'weaver.toml:2: unknown key `protocol` in [listeners.shop]; the keys known there: host, port, tls, trustedProxies, accessLog',
    ]);
  });

  const wrong: readonly (readonly [string, string])[] = [
    ['name = 3', '1: `name` must be a string, but is 3'],
    [
      'name = "My Shop"',
      '1: `name` must be lower-case letters, digits and dashes, starting with a letter, 40 at most, but is the string "My Shop"',
    ],
    ['colocate = "some"', '1: `colocate` must be "all" or an array, but is the string "some"'],
    ['colocate = [3]', '1: `colocate[0]` must be an array, but is 3'],
    ['colocate = [["A"], []]', '1: `colocate[1]` must be an array of at least 1, but is an array'],
    ['colocate = [["A"], ["A"]]', '1: `colocate` names A twice; a component is in one group'],
    ['resources = 3', '1: `resources` must be a table, but is 3'],
    [
      '[resources]\nmemory = "1GB"',
      '2: `resources.memory` must be a size such as "256MiB", but is the string "1GB"',
    ],
    ['[env]\nPORT = 80', '2: `env.PORT` must be a string, but is 80'],
    ['[env]\n"A B" = "1"', '2: the key `A B` in [env] must be letters, digits and underscores'],
    [
      '[calls]\ntimeout = "soon"',
      '2: `calls.timeout` must be a duration such as "500ms", "10s" or "2m", but is the string "soon"',
    ],
    ['[calls]\ntimeout = true', '2: `calls.timeout` must be a number or a string, but is true'],
    ['[calls]\ntimeout = "0s"', '2: `calls.timeout` must be more than 0 and at most 24h'],
    ['[shutdown]\ngrace = "25h"', '2: `shutdown.grace` must be more than 0 and at most 24h'],
    ['[listeners.a]\nport = 70000', '2: `listeners.a.port` must be at most 65535, but is 70000'],
    ['[components.A]\nreplicas = 0', '2: `components.A.replicas` must be at least 1, but is 0'],
    [
      '[components.A]\nreplicas = 1.5',
      '2: `components.A.replicas` must be a whole number or a table, but is 1.5',
    ],
    [
      '[components.A]\nreplicas = "2"',
      '2: `components.A.replicas` must be a number or a table, but is the string "2"',
    ],
    ['[components.A]\nreplicas = { min = 3, max = 2 }', '2: `components.A.replicas` has a min above its max'],
    ['[components.A]\nconfig = 1979-05-27', '2: `components.A.config` must be a table, but is a date'],
  ];
  for (const [text, expected] of wrong)
    it(`refuses ${text.replaceAll('\n', ' ⏎ ')}`, () => {
      expect(problems(text)).to.deep.equal([`weaver.toml:${expected}`]);
    });

  it('reports all problems, in the order of the file', () => {
    expect(
      problems('nmae = "x"\n[calls]\ntimeout = true\n[listeners.a]\nport = -1\nhots = "x"'),
    ).to.deep.equal([
      'weaver.toml:1: unknown key `nmae` in the top level; did you mean `name`?',
      'weaver.toml:3: `calls.timeout` must be a number or a string, but is true',
      'weaver.toml:5: `listeners.a.port` must be at least 0, but is -1',
      'weaver.toml:6: unknown key `hots` in [listeners.a]; did you mean `host`?',
    ]);
  });

  it('refuses a file that is far too large', () => {
    expect(problems('#'.repeat(2 * 1024 * 1024))[0]).to.contain('more than 1048576');
  });

  it('accepts or names a problem for any text', () => {
    const line = fc.oneof(
      fc.constantFrom(
        '[calls]',
        '[components.A]',
        'name = "a"',
        'replicas = 2',
        'config = { a = 1 }',
        '[[x]]',
        '"""',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        try {
          parse(lines.join('\n'));
        } catch (reason) {
          expect(reason).to.be.instanceOf(ConfigError);
          expect((reason as ConfigError).problems).to.not.have.length(0);
        }
      }),
    );
  });
});
