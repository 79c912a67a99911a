import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { ARTIFACT_FILES, artifactVersion } from '../sdk/protocol/app-description.js';
import { type BuildResult, type BuiltApp, buildApp } from './build.js';
import { explain, explainJson } from './explain.js';
import type { SourceFileCache } from './program.js';

const execute = promisify(execFile);
const cache: SourceFileCache = new Map();

const MONEY = `import { component, type Context } from 'weaverd';
import dependency from 'dependency';

export class Money {
  constructor(readonly units: bigint, readonly currency: string) {}
} // a comment behind the class

export class Refused extends Error { readonly reason = dependency.reason; }

export class Bank {
  constructor(private readonly ctx: Context) {}
  async give(units: bigint): Promise<Money> {
    this.ctx.log.debug('give');
    if (units > 10n) throw new Refused('too much');
    return new Money(units, 'EUR');
  }
}
component(Bank, { routing: { give: (units) => units } });`;

const MAIN = `import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { run } from 'weaverd';
import { boundClass } from 'weaverd/compiled';
import { Bank, Money, Refused } from './lib/money.js';

const require = createRequire(import.meta.url);
const __dirname = dirname('/app/own');

await run(async (app) => {
  const error: unknown = await app.get(Bank).give(11n).catch((reason: unknown) => reason);
  const said = {
    units: String((await app.get(Bank).give(3n)).units),
    money: boundClass('lib/money.ts#Money') === Money,
    refused: boundClass('lib/money.ts#Refused') === Refused,
    reason: error instanceof Refused ? error.reason : undefined,
    line: error instanceof Error ? /money\\.ts:\\d+/.exec(error.stack ?? '')?.[0] : undefined,
    name: Bank.name,
    require: typeof require('node:fs').readFileSync === typeof readFileSync,
    own: __dirname,
  };
  process.stdout.write(\`RESULT \${JSON.stringify(said)}\\n\`);
});
`;

/** CommonJS, with all that ES modules have not. */
const DEPENDENCY = `const path = require('path');
exports.reason = [typeof module, path.basename(__filename), path.isAbsolute(__dirname)].join(' ');
`;

const APP = {
  'main.ts': MAIN,
  'lib/money.ts': MONEY,
  'node_modules/dependency/package.json':
    '{ "name": "dependency", "version": "1.0.0", "main": "index.js", "types": "index.d.ts" }',
  'node_modules/dependency/index.js': DEPENDENCY,
  'node_modules/dependency/index.d.ts':
    'declare const dependency: { readonly reason: string };\nexport = dependency;\n',
};

describe('buildApp', function () {
  this.timeout(60_000);
  let root: string;

  before(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'weaverd-build-')));
  });
  after(() => rm(root, { recursive: true, force: true }));

  async function write(name: string, files: Readonly<Record<string, string>>): Promise<string> {
    const folder = join(root, name);
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    return folder;
  }

  function build(folder: string, entry = 'main.ts', signal?: AbortSignal): Promise<BuildResult> {
    const outFolder = join(folder, '.weaverd');
    return buildApp({ entry: join(folder, entry), app: 'bank', folder, outFolder, cache, signal });
  }

  async function built(folder: string): Promise<BuiltApp> {
    const result = await build(folder);
    if (result.kind === 'failed') throw new Error(JSON.stringify(result.diagnostics));
    return result;
  }

  async function problems(files: Readonly<Record<string, string>>, name: string): Promise<readonly string[]> {
    const result = await build(await write(name, files));
    if (result.kind === 'built') return [];
    return result.diagnostics.map(({ code, file, line, message }) => `${code} ${file}:${line} ${message}`);
  }

  describe('of a sound app without tsconfig and without weaverd in its folder', () => {
    let result: BuiltApp;
    before(async () => {
      result = await built(await write('one', APP));
    });

    it('writes the artifact, named by the digest of its content', async () => {
      expect(await readdir(join(root, 'one/.weaverd'))).to.deep.equal([result.description.version]);
      expect(result.folder).to.equal(join(root, 'one/.weaverd', result.description.version));
      const read = (name: string): Promise<string> => readFile(join(result.folder, name), 'utf8');
      const description: unknown = JSON.parse(await read(ARTIFACT_FILES.description));
      expect(description).to.deep.equal(result.description);
      const bundle = await readFile(join(result.folder, ARTIFACT_FILES.bundle));
      expect(artifactVersion(bundle, result.description)).to.equal(result.description.version);
      expect(JSON.parse(await read(ARTIFACT_FILES.schemas))).to.deep.equal(
        JSON.parse(JSON.stringify(result.schemas)),
      );
    });

    it('describes the app', () => {
      const { version: _, builtWith, ...description } = result.description;
      expect(builtWith).to.match(/^\d+\.\d+\.\d+/);
      expect(description).to.deep.equal({
        format: 1,
        app: 'bank',
        components: [
          {
            name: 'Bank',
            methods: [{ name: 'give', streaming: false, routed: true }],
            references: [],
            declaredAt: 'lib/money.ts:18',
          },
        ],
        hasMain: true,
        listeners: [],
      });
      expect(result.mainReferences).to.deep.equal(['Bank']);
      expect(result.warnings).to.deep.equal([]);
    });

    it('registers the codecs before the modules of the app are evaluated', async () => {
      const bundle = await readFile(join(result.folder, ARTIFACT_FILES.bundle), 'utf8');
      const registration = bundle.indexOf('// weaverd:codecs');
      expect(registration).to.be.greaterThan(-1);
      expect(bundle.indexOf('registerCompiledApp(', registration)).to.be.greaterThan(registration);
      expect(bundle.indexOf('// lib/money.ts')).to.be.greaterThan(registration);
    });

    it('bundles a program that runs by itself: classes bound, CommonJS at home, lines as in the source', async () => {
      const args = ['--enable-source-maps', join(result.folder, ARTIFACT_FILES.bundle)];
      const { stdout } = await execute(process.execPath, args, { cwd: root, timeout: 30_000 });
      expect(JSON.parse(/RESULT (.*)/.exec(stdout)?.[1] ?? '{}')).to.deep.equal({
        units: '3',
        money: true,
        refused: true,
        reason: 'object app.mjs true',
        line: 'money.ts:14',
        name: 'Bank',
        require: true,
        own: '/app',
      });
    });

    it('leaves the compiler and absolute paths out of the bundle', async () => {
      const map: unknown = JSON.parse(await readFile(join(result.folder, ARTIFACT_FILES.sourceMap), 'utf8'));
      const { sources } = map as { readonly sources: readonly string[] };
      expect(sources).to.include.members(['main.ts', 'lib/money.ts', 'node_modules/dependency/index.js']);
      expect(
        sources.filter((path) => /^(\/|\.\.)/.test(path) || path.includes('node_modules/typescript')),
      ).to.deep.equal([]);
      expect(await readFile(join(result.folder, ARTIFACT_FILES.bundle), 'utf8')).to.not.contain(root);
    });

    it('gives the same version and the same bytes in any other folder', async () => {
      const other = await built(await write('deep/er/two', APP));
      expect(other.description).to.deep.equal(result.description);
      for (const name of Object.values(ARTIFACT_FILES))
        expect(await readFile(join(other.folder, name), 'utf8')).to.equal(
          await readFile(join(result.folder, name), 'utf8'),
        );
    });

    it('gives the same version through a symbolic link', async () => {
      await symlink(join(root, 'one'), join(root, 'link'));
      const other = await built(join(root, 'link'));
      expect(other.description.version).to.equal(result.description.version);
    });

    it('gives another version when the program changes', async () => {
      const changed = { ...APP, 'lib/money.ts': MONEY.replace('10n', '20n') };
      const other = await built(await write('changed', changed));
      expect(other.description.version).to.not.equal(result.description.version);
    });

    it('is explained', () => {
      const explanation = explainJson(result);
      expect(explanation.components).to.deep.equal([
        {
          name: 'Bank',
          declaredAt: 'lib/money.ts:18',
          owned: false,
          methods: [{ name: 'give', signature: 'give(units: bigint): Promise<Money>', routed: true }],
        },
      ]);
      expect(explanation.references).to.deep.equal({ main: ['Bank'], Bank: [] });
      const text = explain(result);
      expect(text).to.contain(
        'component Bank  (lib/money.ts:18)\n  give(units: bigint): Promise<Money>  routed\n',
      );
      expect(text).to.contain(
        '  class Money { units: bigint; currency: string }\n  error Refused { reason: string }\n',
      );
      expect(text).to.contain('  main -> Bank\n  Bank -> none\n');
      expect(text).to.contain('Bank.give arguments {"type":"record"');
    });
  });

  describe('of an unsound app names', () => {
    const run = `import { run } from 'weaverd';\nawait run();\n`;

    it('an entry that is not there', async () => {
      expect(await problems({ 'other.ts': run }, 'no-entry')).to.deep.equal([
        'ENTRY_NOT_FOUND main.ts:1 the entry of the app is not there',
      ]);
    });

    it('an entry that is no module', async () => {
      const result = await build(await write('no-module', { 'main.txt': run }), 'main.txt');
      expect(result.kind === 'failed' && result.diagnostics.map(({ code }) => code)).to.deep.equal([
        'ENTRY_NOT_FOUND',
      ]);
    });

    it('an entry that never calls run', async () => {
      expect(await problems({ 'main.ts': 'export {};\n' }, 'no-run')).to.deep.equal([
        'RUN_NOT_CALLED main.ts:1 the program never calls run() of weaverd, so nothing would ever start',
      ]);
    });

    it('all that is wrong, in all modules, each thing once', async () => {
      const bad = `import { component } from 'weaverd';\nclass X { async a(b: any): Promise<void> {}\n c(): void {} }\ncomponent(X);\n`;
      const main = `import './x.js';\nimport './gone.js';\n${run}const n: number = '';\n`;
      expect(await problems({ 'main.ts': main, 'x.ts': bad }, 'all')).to.deep.equal([
        "TYPESCRIPT main.ts:2 TS2882: Cannot find module or type declarations for side-effect import of './gone.js'.",
        "TYPESCRIPT main.ts:5 TS2322: Type 'string' is not assignable to type 'number'.",
        'TYPE_CANNOT_TRAVEL x.ts:2 a value of type any cannot travel',
        'METHOD_NOT_ASYNC x.ts:3 c returns void: a call of another process cannot return at once',
      ]);
    });

    it('a syntax error once', async () => {
      expect(
        (await problems({ 'main.ts': `${run}const n = ;\n` }, 'syntax')).map((text) => text.split(' ')[0]),
      ).to.deep.equal(['TYPESCRIPT']);
    });

    it('native code in a dependency', async () => {
      const files = {
        'main.ts': `import { load } from 'native';\n${run}load();\n`,
        'node_modules/native/package.json':
          '{ "name": "native", "version": "1.0.0", "main": "index.js", "types": "index.d.ts" }',
        'node_modules/native/index.js': "exports.load = () => require('./build/native.node');\n",
        'node_modules/native/index.d.ts': 'export declare function load(): void;\n',
        'node_modules/native/build/native.node': '\u007fELF',
      };
      const result = await build(await write('native', files));
      const [problem] = result.kind === 'failed' ? result.diagnostics : [];
      expect(problem?.code).to.equal('NATIVE_MODULE');
      expect(problem?.message).to.contain('node_modules/native/build/native.node is native code');
      expect(problem?.mend).to.contain('pure JavaScript');
    });

    it('a tsconfig that is broken', async () => {
      const found = await problems(
        { 'main.ts': run, 'tsconfig.json': '{ "compilerOptions": { "target": "es1" } }' },
        'tsconfig',
      );
      expect(found).to.have.lengthOf(1);
      expect(found[0]).to.match(/^TYPESCRIPT tsconfig.json:1 TS6046: /);
    });
  });

  it('follows the tsconfig of the app: its paths, and a warning without null checks', async () => {
    const tsconfig = `{ "compilerOptions": { "strict": false, "module": "NodeNext", "target": "ES2022", "noUnusedLocals": true,
      "types": ["node"], "paths": { "@lib/*": ["./lib/*"] } }, "include": ["nothing"] }`;
    const main = MAIN.replace('./lib/money.js', '@lib/money.ts').replace("'./lib", "'@lib");
    const folder = await write('paths', {
      ...APP,
      'main.ts': `${main}\nconst unused = 1;\n`,
      'tsconfig.json': tsconfig,
    });
    const result = await build(folder);
    expect(
      result.kind === 'failed'
        ? result.diagnostics
        : result.warnings.map(({ code, file }) => `${code} ${file}`),
    ).to.deep.equal(['NULL_CHECKS_OFF tsconfig.json']);
  });

  it('generates codecs that load for every type there is a fixture of', async () => {
    const folder = fileURLToPath(new URL('./fixtures/shapes/', import.meta.url));
    for (const name of ['errors', 'methods', 'objects', 'recursion', 'values']) {
      const entry = join(folder, `${name}.ts`);
      const result = await buildApp({ entry, app: name, folder, outFolder: join(root, 'shapes'), cache });
      if (result.kind === 'failed') throw new Error(JSON.stringify(result.diagnostics));
      await execute(process.execPath, [join(result.folder, ARTIFACT_FILES.bundle)], {
        cwd: root,
        timeout: 30_000,
      });
    }
  });

  it('stops at the signal', async () => {
    const folder = await write('stopped', APP);
    const reason = await build(folder, 'main.ts', AbortSignal.abort(new Error('stopped by hand'))).catch(
      (e: unknown) => e,
    );
    expect(reason).to.be.an('error').with.property('message', 'stopped by hand');
    expect(await readdir(folder)).to.not.include('.weaverd');
  });
});
