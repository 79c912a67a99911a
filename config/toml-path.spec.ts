import { expect } from 'chai';
import { formatKeyPath, formatSection, lineOfKey } from './toml-path.js';

describe('formatKeyPath', () => {
  it('writes paths as TOML does', () => {
    expect(formatKeyPath(['components', 'Cart', 'replicas'])).to.equal('components.Cart.replicas');
    expect(formatKeyPath(['colocate', 1, 0])).to.equal('colocate[1][0]');
    expect(formatKeyPath(['env', 'A B'])).to.equal('env."A B"');
    expect(formatSection([])).to.equal('the top level');
    expect(formatSection(['main'])).to.equal('[main]');
  });
});

describe('lineOfKey', () => {
  const text = [
    'name = "shop"', // 1
    '# [components.Cart] in a comment', // 2
    'motto = """', // 3
    '[components.Cart]', // 4: inside a string
    '"""', // 5
    '[components.Cart]', // 6
    'replicas = { min = 1 }', // 7
    'config.limits.items = 3', // 8
    '[components."My Cart"]', // 9
    'config = {}', // 10
  ].join('\n');

  it('finds keys at the top level, in sections, dotted and quoted', () => {
    expect(lineOfKey(text, ['name'])).to.equal(1);
    expect(lineOfKey(text, ['components', 'Cart'])).to.equal(6);
    expect(lineOfKey(text, ['components', 'Cart', 'replicas'])).to.equal(7);
    expect(lineOfKey(text, ['components', 'Cart', 'config', 'limits', 'items'])).to.equal(8);
    expect(lineOfKey(text, ['components', 'My Cart', 'config'])).to.equal(10);
  });

  it('gives the key or section around what it cannot see', () => {
    expect(lineOfKey(text, ['components', 'Cart', 'replicas', 'min'])).to.equal(7);
    expect(lineOfKey(text, ['components', 'Cart', 'config', 'other'])).to.equal(6);
  });

  it('gives none for what is nowhere', () => {
    expect(lineOfKey(text, ['listeners', 'shop'])).to.equal(undefined);
    expect(lineOfKey('', ['name'])).to.equal(undefined);
  });
});
