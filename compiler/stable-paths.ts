import { relative, resolve, sep } from 'node:path';
import { weaverdPackageFolder } from './weaverd-package.js';

/**
 * Name of a bundled file that is the same wherever the app, its dependencies and weaverd are installed: relative to the
 * app's folder, from `node_modules/` on, or from `weaverd/` on.
 *
 * @param path as esbuild names it, relative to `folder`
 */
export function stablePath(path: string, folder: string): string {
  if (!path.startsWith('..')) return path;
  const dependency = path.indexOf('node_modules/');
  if (dependency !== -1) return path.slice(dependency);
  const inWeaverd = relative(weaverdPackageFolder, resolve(folder, path)).split(sep).join('/');
  return inWeaverd.startsWith('..') ? path : `weaverd/${inWeaverd}`;
}

/** The bundle's text with the files that esbuild names in it (one a line, as comments and as keys) named stably. */
export function withStablePaths(text: string, paths: readonly string[], folder: string): string {
  const stable = new Map(paths.map((path) => [path, stablePath(path, folder)]));
  return text
    .split('\n')
    .map((line) => {
      const [, before, path, after] = /^(\/\/ |\s+")([^"]+?)("\(.*)?$/.exec(line) ?? [];
      const name = path === undefined ? undefined : stable.get(path);
      return name === undefined ? line : `${before}${name}${after ?? ''}`;
    })
    .join('\n');
}
