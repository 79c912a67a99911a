import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { analyze } from '../../compiler/analyze.js';
import { generateCompiledApp } from '../../compiler/codegen/generate.js';
import { loadProgram } from '../../compiler/program.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CATALOG = fileURLToPath(new URL('./catalog.ts', import.meta.url));

/** Writes a module with the codecs that the build makes of catalog.ts, bundled with the SDK's part of them as an app is. */
export async function writeGeneratedCodecs(outFile: string): Promise<void> {
  const program = loadProgram({ entry: CATALOG });
  const { shape, diagnostics } = analyze({ program, folder: ROOT, bundled: undefined });
  if (diagnostics.length > 0) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  await build({
    stdin: {
      contents: `import * as runtime from './sdk/codec/index.js';
export { Reader } from './sdk/codec/reader.js';
export { Writer } from './sdk/codec/writer.js';
export const app = ${generateCompiledApp(shape)};`,
      resolveDir: ROOT,
    },
    outfile: outFile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'silent',
  });
}
