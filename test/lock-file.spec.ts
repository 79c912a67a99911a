import { readFileSync } from 'node:fs';
import { expect } from 'chai';

interface LockedPackage {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/**
 * `npm ci` refuses a lock file that leaves out a package of another platform. `npm install` writes such a one, without a
 * word, when the registry in use does not have that package.
 */
describe('package-lock.json', () => {
  it('holds the optional packages of every platform', () => {
    const text = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');
    const { packages } = JSON.parse(text) as { packages: Readonly<Record<string, LockedPackage>> };
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => !isLocked(packages, path, name))
        .map((name) => `${name}, of ${path}`),
    );
    expect(missing).to.deep.equal([]);
  });
});

/** As Node.js looks it up: beside the package's own dependencies, then in each folder above. */
function isLocked(packages: Readonly<Record<string, LockedPackage>>, from: string, name: string): boolean {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[path]?.version !== undefined) return true;
    if (folder === '') return false;
  }
}
