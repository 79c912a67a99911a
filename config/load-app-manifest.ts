import { stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { type AppManifest, appManifestSchema } from './app-manifest.js';
import { ConfigError, type ConfigProblem } from './config-problem.js';
import { readToml } from './read-toml.js';

export const MANIFEST_FILE = 'weaver.toml';

/** Tried in this order when the manifest names no entry. */
export const DEFAULT_ENTRIES = ['main.ts', 'src/main.ts', 'index.ts'] as const;

const ENTRY_EXTENSIONS = ['.ts', '.mts', '.js', '.mjs'];

/** An app as it is to be built and run. All paths are absolute. */
export interface LoadedApp {
  readonly name: string;
  readonly folder: string;
  readonly entry: string;
  /** The manifest's path and text; undefined when there is none, and the defaults hold. */
  readonly source: { readonly file: string; readonly text: string } | undefined;
  /** Has its `name` and `entry` (relative to the folder) filled in. */
  readonly manifest: AppManifest;
}

/**
 * `arg` is a folder, a manifest (`*.toml`) or an entry file; without it, `cwd` is the folder. No manifest is needed.
 * Throws a {@link ConfigError} with all that is wrong.
 */
export async function loadApp(arg: string | undefined, cwd: string): Promise<LoadedApp> {
  const located = await locate(resolve(cwd, arg ?? '.'), arg ?? '.');
  const read =
    located.manifestFile === undefined ? undefined : await readToml(located.manifestFile, appManifestSchema);
  const manifest = read?.value ?? appManifestSchema.parse({});
  const entry = located.entry ?? (await findEntry(located.folder, manifest.entry, located.manifestFile));
  const name = manifest.name ?? defaultName(located.folder, located.entry);
  return {
    name,
    folder: located.folder,
    entry,
    source: read === undefined ? undefined : { file: read.file, text: read.text },
    manifest: { ...manifest, name, entry: relative(located.folder, entry) },
  };
}

/** A valid app name from a file's or folder's: `My Shop` gives `my-shop`. */
export function sanitiseAppName(name: string): string {
  const sanitised = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  return sanitised === '' ? 'app' : sanitised;
}

interface Located {
  readonly folder: string;
  readonly manifestFile: string | undefined;
  readonly entry: string | undefined;
}

async function locate(path: string, given: string): Promise<Located> {
  const kind = await kindOf(path);
  if (kind === undefined)
    throw failure(
      undefined,
      `no such file or folder: ${given}`,
      `give the app's folder, its ${MANIFEST_FILE} or its entry file`,
    );
  if (kind === 'folder') return { folder: path, manifestFile: await manifestIn(path), entry: undefined };
  const extension = extname(path);
  if (extension === '.toml') return { folder: dirname(path), manifestFile: path, entry: undefined };
  if (!ENTRY_EXTENSIONS.includes(extension))
    throw failure(
      undefined,
      `${given} is neither a folder, a manifest (*.toml) nor an entry file (${ENTRY_EXTENSIONS.join(', ')})`,
      `give the app's folder, its ${MANIFEST_FILE} or its entry file`,
    );
  const folder = basename(dirname(path)) === 'src' ? dirname(dirname(path)) : dirname(path);
  return { folder, manifestFile: await manifestIn(folder), entry: path };
}

async function manifestIn(folder: string): Promise<string | undefined> {
  const file = join(folder, MANIFEST_FILE);
  return (await kindOf(file)) === 'file' ? file : undefined;
}

async function findEntry(
  folder: string,
  named: string | undefined,
  manifestFile: string | undefined,
): Promise<string> {
  if (named !== undefined) {
    const entry = resolve(folder, named);
    if ((await kindOf(entry)) === 'file') return entry;
    throw failure(
      manifestFile,
      `\`entry\` names ${named}, which is no file in ${folder}`,
      'name the module that calls run(), relative to the manifest',
    );
  }
  for (const candidate of DEFAULT_ENTRIES) {
    const entry = join(folder, candidate);
    if ((await kindOf(entry)) === 'file') return entry;
  }
  throw failure(
    manifestFile,
    `no entry file in ${folder}: none of ${DEFAULT_ENTRIES.join(', ')} is there`,
    `write one that calls run(), or name it with \`entry = "…"\` in ${MANIFEST_FILE}`,
  );
}

/** A file of its own name that was asked for names the app; `main.ts` and `index.ts` leave that to the folder. */
function defaultName(folder: string, entry: string | undefined): string {
  const stem = entry === undefined ? 'main' : basename(entry, extname(entry));
  return sanitiseAppName(stem === 'main' || stem === 'index' ? basename(folder) : stem);
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    const stats = await stat(path);
    return stats.isDirectory() ? 'folder' : 'file';
  } catch (reason) {
    const { code } = reason as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw failure(undefined, `${path} cannot be read: ${(reason as Error).message}`, undefined);
  }
}

function failure(file: string | undefined, message: string, mend: string | undefined): ConfigError {
  const problem: ConfigProblem = { file, line: undefined, column: undefined, message, mend };
  return new ConfigError([problem]);
}
