import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const here = dirname(fileURLToPath(import.meta.url));

/** Packages that the modules which a file imports statically, directly or not, import for more than types. */
function staticPackages(file: string, seen = new Set<string>()): ReadonlySet<string> {
  const packages = new Set<string>();
  if (seen.has(file)) return packages;
  seen.add(file);
  const imports = readFileSync(file, 'utf8').matchAll(
    /^(?:import|export)\s(?!type\b)[^'"]*?from '([^']+)'/gm,
  );
  for (const [, specifier = ''] of imports) {
    if (!specifier.startsWith('.')) packages.add(specifier);
    else {
      const source = resolve(dirname(file), specifier.replace(/\.js$/, '.ts'));
      expect(existsSync(source), `${file} imports ${specifier}`).to.equal(true);
      for (const each of staticPackages(source, seen)) packages.add(each);
    }
  }
  return packages;
}

describe('start of the CLI', () => {
  it('loads nothing heavy until a command needs it', () => {
    const packages = [...staticPackages(join(here, 'main.ts'))].filter((name) => !name.startsWith('node:'));
    expect(packages.sort()).to.deep.equal(['commander', 'picocolors']);
  });

  it('ends quietly when the reader of its output has gone', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', join(here, 'main.ts'), '--help'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const code = await new Promise((done) => child.once('exit', done));
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
  });
});
