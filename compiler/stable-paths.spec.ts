import { join, relative } from 'node:path';
import { expect } from 'chai';
import { stablePath, withStablePaths } from './stable-paths.js';
import { weaverdPackageFolder } from './weaverd-package.js';

describe('stable paths', () => {
  const folder = '/srv/apps/shop';
  const weaverd = relative(folder, join(weaverdPackageFolder, 'sdk/index.ts'));

  it('begin at the app, at node_modules, or at weaverd', () => {
    expect(stablePath('cart/cart.ts', folder)).to.equal('cart/cart.ts');
    expect(stablePath('node_modules/a/index.js', folder)).to.equal('node_modules/a/index.js');
    expect(stablePath('../../node_modules/a/node_modules/b/index.js', folder)).to.equal(
      'node_modules/a/node_modules/b/index.js',
    );
    expect(stablePath(weaverd, folder)).to.equal('weaverd/sdk/index.ts');
    expect(stablePath('../shared/money.ts', folder)).to.equal('../shared/money.ts');
  });

  it('replace those in a bundle, and nothing that merely looks like one', () => {
    const path = '../../node_modules/a/index.js';
    const text = [
      `// ${path}`,
      `var require_a = __commonJS({`,
      `  "${path}"(exports, module) {`,
      `    module.exports = "${path}";`,
      `// ../other.js`,
    ].join('\n');
    expect(withStablePaths(text, [path], folder).split('\n')).to.deep.equal([
      '// node_modules/a/index.js',
      'var require_a = __commonJS({',
      '  "node_modules/a/index.js"(exports, module) {',
      `    module.exports = "${path}";`,
      '// ../other.js',
    ]);
  });
});
