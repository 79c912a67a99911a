import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { StateError } from '../sdk/state/state-error.js';
import { compiledCodec, type ValueCodec } from '../sdk/state/value-codec.js';
import { ValueReader } from '../sdk/state/value-reader.js';
import { type Analysis, analyze } from './analyze.js';
import { avroSchemas } from './codegen/avro-schema.js';
import { evaluate } from './codegen/compile.spec.js';
import { generateCompiledApp } from './codegen/generate.js';
import { loadProgram, type SourceFileCache } from './program.js';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const cache: SourceFileCache = new Map();

describe('states of an app', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'wd-states-'));
  before(() => {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(REPOSITORY, join(folder, 'node_modules/weaverd'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Of a program whose component Cart has this constructor body, after these declarations. */
  const analysisOf = (declarations: string, body: string): Analysis => {
    const entry = join(folder, 'main.ts');
    writeFileSync(
      entry,
      `import { component, run, type Context } from 'weaverd';\n${declarations}\nclass Cart {\n  constructor(ctx: Context) {\n${body}\n  }\n  async ping(): Promise<void> {}\n}\ncomponent(Cart);\nawait run();\n`,
    );
    return analyze({ program: loadProgram({ entry, cache }), folder, bundled: undefined });
  };

  const codecOf = (declarations: string, type = 'Item'): ValueCodec => {
    const { states, diagnostics } = analysisOf(declarations, `    ctx.state<${type}>('items');`);
    expect(diagnostics).to.deep.equal([]);
    const compiled = evaluate(generateCompiledApp(states, 'avro')).components[0]?.methods[0];
    const schema = avroSchemas(states).Cart?.items?.result;
    if (compiled === undefined || schema === undefined) throw new Error('the app has no state');
    return compiledCodec(compiled, JSON.stringify(schema));
  };

  /** What the second type reads of a value of the first. */
  const carriedOver = async (from: string, value: unknown, to: string): Promise<unknown> => {
    const [older, newer] = [codecOf(from), codecOf(to)];
    const reader = await ValueReader.of('items', newer, [older.schema]);
    return reader.read({ bytes: older.encode(value, 'value'), schema: older.schema, expiresAt: 0 });
  };

  it('are found with their component, under any name of the context, and described', () => {
    const { components, states, diagnostics } = analysisOf(
      'interface Item { readonly count: number }',
      "    const { state } = { state: ctx }; state.state<Item>('items'); ctx.state<string[]>('names');",
    );
    expect(diagnostics).to.deep.equal([]);
    expect(components.map(({ states: names }) => names)).to.deep.equal([['items', 'names']]);
    expect(states.components.map(({ name }) => name)).to.deep.equal(['Cart']);
  });

  it('have their type also where they have reminders, which only those can set', () => {
    const { states, diagnostics } = analysisOf(
      'interface Room { readonly topic: string }',
      `    const rooms = ctx.state<Room>('rooms', { onWake: async (key, dueAt, signal) => {
      if (!signal.aborted) await rooms.wakeAt(key, dueAt + key.length);
    } });`,
    );
    expect(diagnostics).to.deep.equal([]);
    expect(states.components[0]?.methods.map(({ name }) => name)).to.deep.equal(['rooms']);
    const wrong = analysisOf('', "    void ctx.state<string>('rooms').wakeAt('a', 0);");
    expect(wrong.diagnostics.map(({ message }) => message).join()).to.contain('wakeAt');
  });

  it('give everything back that a method could pass', () => {
    const codec = codecOf(
      "interface Item { at: Date; big: bigint; raw: Uint8Array; tags: Set<string>; by: Map<number, Item>; note?: string; kind: 'a' | 'b' | null }",
    );
    const item = {
      at: new Date(5),
      big: -(2n ** 70n),
      raw: new Uint8Array([1, 2]),
      tags: new Set(['x']),
      by: new Map(),
      kind: 'b',
    };
    const value = { ...item, by: new Map([[7, { ...item, note: 'n', kind: null }]]) };
    expect(codec.decode(codec.encode(value, 'value'))).to.deep.equal(value);
  });

  it('refuse a value that breaks its type, with the path', () => {
    const codec = codecOf('interface Item { readonly count: number }');
    expect(() => codec.encode({ count: '1' }, 'items["a"]'))
      .to.throw(StateError, 'items["a"]: count: expected number, got string "1"')
      .with.property('code', 'VALUE_INVALID');
  });

  it('are build errors with their place when they cannot be stored', () => {
    const { diagnostics } = analysisOf(
      'interface Item { readonly done: () => void }',
      "    ctx.state<Item>('items');\n    ctx.state('untyped');\n    ctx.state<string>(String(Math.random()));\n    ctx.state<string>('twice');\n    ctx.state<number>('twice');",
    );
    expect(
      diagnostics.map(({ code, file, line, column, path, mend }) => [
        code,
        `${file}:${line}:${column}`,
        path,
        mend !== '',
      ]),
    ).to.deep.equal([
      ['TYPE_CANNOT_BE_STORED', 'main.ts:2:27', 'Cart.items.done', true],
      ['STATE_NOT_STATIC', 'main.ts:6:5', 'untyped', true],
      ['STATE_NOT_STATIC', 'main.ts:7:5', '', true],
      ['STATE_TWICE', 'main.ts:9:5', 'Cart.twice', true],
    ]);
  });

  it('are read by the next version: optional fields come and go, unions grow, order does not count', async () => {
    expect(
      await carriedOver(
        "interface Item { name: string; old?: number; kind: 'a' | 'b'; at: Date }",
        { name: 'n', old: 1, kind: 'b', at: new Date(9) },
        "interface Item { kind: 'a' | 'b' | 'c'; at: Date; fresh?: { deep: Map<string, number> }; name: string | number }",
      ),
    ).to.deep.equal({ kind: 'b', at: new Date(9), name: 'n' });
  });

  it('name the field that the next version cannot read', async () => {
    const failure = await carriedOver(
      'interface Item { name: string }',
      { name: 'n' },
      'interface Item { name: string; count: number }',
    ).catch((reason: unknown) => reason);
    expect(failure).to.be.instanceOf(StateError).with.property('code', 'SCHEMA_INCOMPATIBLE');
    expect(String(failure)).to.contain('count').and.to.contain('the state items');
    const changed = await carriedOver(
      'interface Item { name: string }',
      { name: 'n' },
      'interface Item { name: number }',
    ).catch((reason: unknown) => reason);
    expect(changed).to.be.instanceOf(StateError).with.property('code', 'SCHEMA_INCOMPATIBLE');
    expect(String(changed)).to.contain('name');
  });

  it('keep what built and unbuilt programs stored apart', async () => {
    const codec = codecOf('interface Item { readonly count: number }');
    const failure = await ValueReader.of('items', codec, ['"unbuilt"']).catch((reason: unknown) => reason);
    expect(failure).to.be.instanceOf(StateError).with.property('code', 'SCHEMA_INCOMPATIBLE');
  });
});
