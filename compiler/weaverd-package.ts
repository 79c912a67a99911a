import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The modules of weaverd that an app may import. */
export const WEAVERD_MODULES = {
  weaverd: 'index',
  'weaverd/testing': 'testing/index',
  'weaverd/compiled': 'codec/index',
} as const;

/** This package: `dist/compiler` when it is installed, `compiler` when it runs from source. */
const sdkFolder = fileURLToPath(new URL('../sdk/', import.meta.url));

export const weaverdPackageFolder = packageFolder(dirname(fileURLToPath(import.meta.url)));

export const weaverdVersion: string = (
  JSON.parse(readFileSync(join(weaverdPackageFolder, 'package.json'), 'utf8')) as { readonly version: string }
).version;

/**
 * File of a weaverd module in this very package: for apps from whose folder no weaverd can be resolved.
 * `types` gives the file for the type checker instead of the one that runs. Undefined for anything else.
 */
export function ownModule(specifier: string, kind: 'code' | 'types'): string | undefined {
  if (!Object.hasOwn(WEAVERD_MODULES, specifier)) return undefined;
  const path = join(sdkFolder, WEAVERD_MODULES[specifier as keyof typeof WEAVERD_MODULES]);
  const source = `${path}.ts`;
  if (existsSync(source)) return source;
  return kind === 'types' ? `${path}.d.ts` : `${path}.js`;
}

/** The file is one of weaverd's own modules, given the file that `weaverd` resolves to. */
export function isOfWeaverd(path: string, weaverdModule: string): boolean {
  const sdk = dirname(weaverdModule);
  return [sdk, join(dirname(sdk), 'config')].some((folder) => path.startsWith(`${folder}/`));
}

function packageFolder(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error('weaverd is not installed properly: its package.json is missing');
  return packageFolder(parent);
}
