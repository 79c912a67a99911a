import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { ARTIFACT_FILES } from '../sdk/protocol/app-description.js';
import { buildApp } from './build.js';

const LIBRARY =
  '{ "name": "library", "version": "1.0.0", "type": "module", "main": "index.js", "types": "index.d.ts" }';

/** Each of the components is named for what makes it one that may ask, or Silent. */
const APP = {
  'main.ts': `import { run, withCall } from 'weaverd';
    import * as all from './all.js';
    await run(async (app) => { await withCall({}, () => app.get(all.SilentPlain).get()); });`,
  'all.ts': `export * from './silent.js'; export * from './context.js'; export * from './modules.js';`,
  'silent.ts': `import { component, type Context } from 'weaverd';
    import { number } from './numbers.js';
    class Base { constructor() { this.base = 1; } base: number; }
    export class SilentPlain { async get(): Promise<number> { return number; } }
    export class SilentDerived extends Base { async get(): Promise<number> { return this.base; } }
    export abstract class SilentToken { abstract get(): Promise<number>; }
    class Implementation extends SilentToken { async get(): Promise<number> { return number; } }
    component(SilentPlain);
    component(SilentDerived, { name: 'SilentRenamed' });
    component(SilentToken, { implementation: Implementation });
    export type Unused = Context;`,
  'numbers.ts': 'export const number = 1;',
  'context.ts': `import { component, type Context } from 'weaverd';
    class Logging { constructor(protected readonly ctx: Context) {} }
    export class TakesContext { constructor(private readonly ctx: Context) {} async get(): Promise<string> { return this.ctx.app; } }
    export class Inherits extends Logging { async get(): Promise<string> { return this.ctx.app; } }
    export class Arguments { constructor() { this.count = arguments.length; } count: number; async get(): Promise<number> { return this.count; } }
    export abstract class Token { abstract get(): Promise<string>; }
    class Implementation extends Token { constructor(private readonly ctx: Context) { super(); } async get(): Promise<string> { return this.ctx.app; } }
    export class Created { static app = ''; async get(): Promise<string> { return Created.app; } }
    component(TakesContext);
    component(Inherits);
    component(Arguments);
    component(Token, { implementation: Implementation });
    component(Created, { create: (ctx) => { Created.app = ctx.app; return new Created(); } });`,
  'modules.ts': `export * from './direct.js'; export * from './through.js'; export * from './namespace.js'; export * from './dynamic.js'; export * from './library.js'; export * from './foreign.js';`,
  'direct.ts': `import { component, currentCall as now } from 'weaverd';
    export class Direct { async get(): Promise<number> { return now()?.timeLeft ?? 0; } }
    component(Direct);`,
  'through.ts': `import { component } from 'weaverd';
    import { header } from './helper.js';
    export class Through { async get(): Promise<string> { return header(); } }
    component(Through);`,
  'helper.ts': `import { currentCall } from './again.js'; export const header = () => currentCall()?.traceparent ?? '';`,
  'again.ts': `export * from 'weaverd';`,
  'namespace.ts': `import * as weaverd from 'weaverd';
    export class Namespace { async get(): Promise<number> { return weaverd.currentCall()?.timeLeft ?? 0; } }
    weaverd.component(Namespace);`,
  'dynamic.ts': `import { component } from 'weaverd';
    export class Dynamic { async get(): Promise<number> { return (await import('weaverd')).currentCall()?.timeLeft ?? 0; } }
    component(Dynamic);`,
  'library.ts': `import { component } from 'weaverd';
    import { left } from 'library';
    export class Library { async get(): Promise<number> { return left(); } }
    component(Library);`,
  'foreign.ts': `import { component } from 'weaverd';
    import { Base } from 'library';
    export class Foreign extends Base { async count(): Promise<number> { return 1; } }
    component(Foreign);`,
  'node_modules/library/package.json': LIBRARY,
  'node_modules/library/index.js': `import { currentCall } from 'weaverd'; export const left = () => currentCall()?.timeLeft ?? 0; export class Base {}`,
  'node_modules/library/index.d.ts': 'export function left(): number; export class Base {}',
  'tsconfig.json': '{ "compilerOptions": { "strict": true, "module": "nodenext", "target": "es2023" } }',
};

describe('componentsNotReadingCall', function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'weaverd-readers-')));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('names those that neither take the Context nor reach currentCall or withCall by an import', async () => {
    for (const [path, text] of Object.entries(APP)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    const entry = join(folder, 'main.ts');
    const built = await buildApp({ entry, app: 'readers', folder, outFolder: join(folder, 'out') });
    if (built.kind === 'failed') throw new Error(JSON.stringify(built.diagnostics));
    const bundle = await readFile(join(built.folder, ARTIFACT_FILES.bundle), 'utf8');
    const [, named] = /declareCallUnread\((\[[^\]]*\])\);/.exec(bundle) ?? [];
    expect(JSON.parse(named ?? '')).to.deep.equal(['SilentPlain', 'SilentRenamed', 'SilentToken']);
  });
});
