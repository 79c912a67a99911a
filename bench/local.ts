import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildApp } from '../compiler/build.js';
import { ARTIFACT_FILES } from '../sdk/protocol/app-description.js';
import { type Bench, median, resultLine, rounded } from './report.js';

const APP = fileURLToPath(new URL('local-app.ts', import.meta.url));
const TIME_LIMIT_MS = 120_000;

/** A built app, run as one process, calls a component through its client and a plain object of the same class. */
export const local: Bench = {
  name: 'local',
  summary: 'a co-located call through the client against awaiting the method itself',
  async *run({ quick }) {
    const folder = await mkdtemp(join(tmpdir(), 'wb-'));
    try {
      const rounds = await roundsOf(await build(folder), folder, quick);
      const line = (system: string, values: readonly number[]) =>
        resultLine({ bench: 'local', case: 'unary, 2 arguments', system, unit: 'ns' }, values);
      yield line(
        'direct',
        rounds.map(({ direct }) => direct),
      );
      yield line(
        'client',
        rounds.map(({ client }) => client),
      );
      return {
        'local.overhead_ns': rounded(median(rounds.map(({ direct, client }) => client - direct))),
        'local.vs_direct': rounded(median(rounds.map(({ direct, client }) => client / direct))),
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function build(folder: string): Promise<string> {
  const built = await buildApp({
    entry: APP,
    app: 'local',
    folder: fileURLToPath(new URL('.', import.meta.url)),
    outFolder: join(folder, 'built'),
  });
  if (built.kind === 'failed') throw new Error(built.diagnostics.map(({ message }) => message).join('\n'));
  return join(built.folder, ARTIFACT_FILES.bundle);
}

interface Round {
  readonly direct: number;
  readonly client: number;
}

async function roundsOf(bundle: string, folder: string, quick: boolean): Promise<readonly Round[]> {
  const manifest = join(folder, 'weaver.toml');
  await writeFile(manifest, `name = "local"\nentry = ${JSON.stringify(APP)}\n`);
  const { stdout } = await promisify(execFile)(process.execPath, [bundle], {
    env: { ...process.env, WEAVER_MANIFEST: manifest, BENCH_QUICK: quick ? '1' : '0' },
    timeout: TIME_LIMIT_MS,
  });
  return JSON.parse(stdout) as readonly Round[];
}
