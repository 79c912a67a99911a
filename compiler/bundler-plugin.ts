import { basename, dirname, extname } from 'node:path';
import type { Loader, Plugin } from 'esbuild';
import { ownModule } from './weaverd-package.js';

/** Specifier of the generated module. */
export const CODECS = 'weaverd:codecs';

/** What the next bundle is made with. */
export interface BundlerPluginState {
  codecs: string;
  /** Sources to take instead of files, by absolute path. */
  sources: ReadonlyMap<string, string>;
}

/**
 * The generated module, classes that bind themselves, one copy of weaverd for the whole app, and a clear word on native
 * code.
 */
export function weaverdPlugin(entry: string, state: BundlerPluginState): Plugin {
  const resolving = { weaverd: true };
  return {
    name: 'weaverd',
    setup(build) {
      build.onResolve({ filter: /^weaverd:codecs$/ }, () => ({ path: 'codecs', namespace: 'weaverd' }));
      build.onLoad({ filter: /^codecs$/, namespace: 'weaverd' }, () => ({
        contents: state.codecs,
        loader: 'js',
        resolveDir: dirname(entry),
      }));
      build.onResolve({ filter: /^weaverd(\/.*)?$/ }, async ({ path, kind, pluginData }) => {
        if (pluginData === resolving) return undefined;
        const found = await build.resolve(path, { kind, resolveDir: dirname(entry), pluginData: resolving });
        if (found.errors.length === 0) return { path: found.path };
        const own = ownModule(path, 'code');
        return own === undefined ? undefined : { path: own };
      });
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: 'file' }, ({ path }) => {
        const contents = state.sources.get(path);
        return contents === undefined ? undefined : { contents, loader: loaderOf(path) };
      });
      build.onLoad({ filter: /\.node$/, namespace: 'file' }, ({ path }) => ({
        errors: [
          {
            pluginName: 'weaverd-native',
            text: `${fromNodeModules(path)} is native code, which cannot be part of the bundle`,
            notes: [{ text: 'use a package that is pure JavaScript or WebAssembly' }],
          },
        ],
      }));
    },
  };
}

function loaderOf(path: string): Loader {
  const extension = extname(path).replace(/^\.[cm]?/, '');
  return extension === 'tsx' || extension === 'jsx' || extension === 'js' ? extension : 'ts';
}

function fromNodeModules(path: string): string {
  const folder = path.lastIndexOf('node_modules/');
  return folder === -1 ? basename(path) : path.slice(folder);
}
