import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type Analysis, analyze } from './analyze.js';
import type { Diagnostic } from './diagnostic.js';
import { loadProgram, type SourceFileCache } from './program.js';
import { definitionText, methodText } from './shape-text.js';

const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));
const cache: SourceFileCache = new Map();

function analysisOf(entry: string, modules?: ReadonlySet<string>): Analysis {
  const bundled = modules === undefined ? undefined : { modules, imports: new Map() };
  return analyze({ program: loadProgram({ entry, cache }), folder: dirname(entry), bundled });
}

/** The comment that a fixture begins with. */
function expectation(path: string): readonly string[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.slice(0, lines.indexOf('')).map((line) => line.replace(/^\/\/ /, ''));
}

function fixturesIn(folder: string): readonly string[] {
  return readdirSync(join(fixtures, folder))
    .filter((name) => !name.endsWith('-other.ts'))
    .map((name) => join(fixtures, folder, name));
}

function reported(kind: string, diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map(({ code, line, column, path }) =>
    `${kind} ${code} ${line}:${column} ${path}`.trim(),
  );
}

describe('analyze', function () {
  this.timeout(60_000);

  describe('reports just the errors that a fixture begins with', () => {
    for (const path of fixturesIn('errors'))
      it(path.slice(fixtures.length), () => {
        const { diagnostics, warnings } = analysisOf(path);
        const found = [...reported('ERROR', diagnostics), ...reported('WARNING', warnings)];
        expect(found).to.deep.equal(expectation(path));
        for (const { file, message, mend, code } of [...diagnostics, ...warnings]) {
          expect(path.endsWith(`/${file}`)).to.equal(true, file);
          expect(message).to.not.equal('');
          if (code !== 'TYPESCRIPT') expect(mend).to.not.equal('');
        }
      });
  });

  describe('reads the interfaces and types that a fixture begins with', () => {
    for (const path of fixturesIn('shapes'))
      it(path.slice(fixtures.length), () => {
        const { diagnostics, warnings, shape } = analysisOf(path);
        expect([...diagnostics, ...warnings]).to.deep.equal([]);
        const methods = shape.components.flatMap(({ name, methods }) =>
          methods.map((method) => `${name}.${methodText(method)}`),
        );
        const types = [...shape.definitions].map(([name, definition]) => definitionText(name, definition));
        expect([...methods, ...types]).to.deep.equal(expectation(path));
      });
  });

  it('tells whose keys have one owner', () => {
    const exclusive = (fixture: string) =>
      analysisOf(join(fixtures, fixture)).components.map((each) => [each.name, each.exclusive, each.methods]);
    expect(exclusive('shapes/exclusive.ts')).to.deep.equal([
      ['Cart', true, [{ name: 'items', streaming: false, routed: true }]],
    ]);
    expect(exclusive('shapes/methods.ts').every(([, value]) => value === undefined)).to.equal(true);
  });

  it('reads shapes in full', () => {
    const { shape } = analysisOf(join(fixtures, 'shapes/errors.ts'));
    expect(shape.components).to.deep.equal([
      {
        name: 'Cart',
        methods: [
          {
            name: 'check',
            parameters: [],
            result: {
              kind: 'union',
              branches: [{ kind: 'null' }, { kind: 'reference', name: 'LimitError' }],
            },
            streaming: false,
          },
          {
            name: 'outcomes',
            parameters: [],
            result: { kind: 'array', items: { kind: 'reference', name: 'Cart_outcomes' } },
            streaming: false,
          },
        ],
      },
    ]);
    expect(shape.definitions.get('LimitError')).to.deep.equal({
      kind: 'error',
      classId: 'errors.ts#LimitError',
      fields: [
        { name: 'limit', shape: { kind: 'reference', name: 'Limit' }, optional: false },
        { name: 'code', shape: { kind: 'string' }, optional: false },
        { name: 'retryable', shape: { kind: 'boolean' }, optional: true },
      ],
    });
    expect(shape.errors).to.deep.equal(['CartError', 'LimitError', 'Unused']);
  });

  it('gives class ids to plain data classes, generic ones too', () => {
    const { shape, classes } = analysisOf(join(fixtures, 'shapes/objects.ts'));
    const ids = ['Box_Money', 'Box_string', 'Exported', 'Fee'].map((name) => {
      const definition = shape.definitions.get(name);
      return definition?.kind === 'object' ? definition.classId : undefined;
    });
    expect(ids).to.deep.equal([
      'objects.ts#Box',
      'objects.ts#Box',
      'objects-other.ts#Exported',
      'objects.ts#Fee',
    ]);
    expect([...classes.keys()]).to.have.members([
      'objects.ts#Box',
      'objects.ts#Fee',
      'objects.ts#Money',
      'objects-other.ts#Exported',
    ]);
  });

  describe('of a program of several modules', () => {
    const main = join(fixtures, 'references/main.ts');
    const modules = ['main.ts', 'cart.ts', 'prices.ts', 'shared.ts', 'sdk.ts', 'nested/stock.ts'];
    const bundled = new Set(modules.map((name) => join(fixtures, 'references', name)));
    let analysis: Analysis;
    before(() => {
      analysis = analysisOf(main, bundled);
    });

    it('finds components through aliases, re-exports, namespaces and variables', () => {
      expect(analysis.diagnostics).to.deep.equal([]);
      expect(analysis.components.map(({ name, declaredAt }) => `${name} ${declaredAt}`)).to.deep.equal([
        'Cart cart.ts:15',
        'Pricing prices.ts:24',
        'Warehouse nested/stock.ts:10',
      ]);
      expect(analysis.hasMain).to.equal(true);
    });

    it('attributes references to classes, their bases, create functions, main, and helpers to all who import them', () => {
      expect(Object.fromEntries(analysis.graph.references)).to.deep.equal({
        main: ['Cart', 'Pricing'],
        Cart: ['Pricing', 'Warehouse'],
        Pricing: ['Cart', 'Warehouse'],
        Warehouse: [],
      });
    });

    it('knows the listeners with literal names', () => {
      expect(analysis.graph.listeners).to.deep.equal([
        { name: 'cart', component: 'Cart' },
        { name: 'web', component: 'main' },
      ]);
    });

    it('leaves out, with a warning, components in modules that are imported for their types alone', () => {
      expect(analysis.warnings.map(({ code, file, line }) => `${code} ${file}:${line}`)).to.deep.equal([
        'COMPONENT_NOT_IMPORTED types-only.ts:10',
      ]);
    });

    it('describes routed and streaming methods', () => {
      const { components } = analysisOf(join(fixtures, 'shapes/methods.ts'));
      const live = components.find(({ name }) => name === 'Live');
      expect(live?.methods.filter(({ routed }) => routed).map(({ name }) => name)).to.deep.equal([
        'inferred',
      ]);
      expect(live?.methods.filter(({ streaming }) => streaming).map(({ name }) => name)).to.deep.equal([
        'generator',
        'iterator',
        'live',
      ]);
    });
  });
});
