import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { transformSync } from 'esbuild';
import { withoutRedundantNames } from './redundant-names.js';

/** What esbuild makes of it, as the bundler asks for. */
function kept(source: string): string {
  return transformSync(source, { keepNames: true, target: 'node20', loader: 'js' }).code;
}

function namings(code: string): number {
  return code.match(/__name\((?!target)/g)?.length ?? 0;
}

const HOT = `
  function outer(value) {
    const arrow = (reason) => reason;
    let later = async function () { return value; };
    function declared() { return arrow; }
    class Local { field = () => this; #hidden = () => 1; hidden() { return this.#hidden.name; } }
    const of = { property: () => value, plain() {} };
    const local = new Local();
    return [arrow.name, later.name, declared.name, of.property.name, local.field.name, local.hidden()];
  }
  outer(1);
`;

describe('withoutRedundantNames', () => {
  it('leaves out what gives functions the names that they have', () => {
    const before = kept(HOT);
    const after = withoutRedundantNames(before);
    expect(namings(before)).to.be.above(5);
    // What is left is run once a class.
    expect(after.match(/__name\(this, "Local"\)/g)).to.have.length(1);
    expect(namings(after)).to.equal(1);
    const names = ['arrow', 'later', 'declared', 'property', 'field', '#hidden'];
    expect([...(runInNewContext(after) as string[])]).to.deep.equal(names);
    expect([...(runInNewContext(before) as string[])]).to.deep.equal(names);
  });

  it('keeps each character in its place', () => {
    const before = kept(HOT);
    const after = withoutRedundantNames(before);
    expect(after.length).to.equal(before.length);
    expect(after.split('\n').map(({ length }) => length)).to.deep.equal(
      before.split('\n').map(({ length }) => length),
    );
    expect(after.indexOf('reason')).to.equal(before.indexOf('reason'));
  });

  it('keeps a name that the function would not have', () => {
    const helper = 'var __name = (target, value) => Object.defineProperty(target, "name", { value });\n';
    for (const kept of [
      'const renamed2 = __name(() => 1, "renamed");',
      'const of = { "a b": __name(() => 1, "ab") };',
      'function f2() {}\n__name(f2, "f");',
      'const g = __name(function other() {}, "g");',
      'const C = __name(class { static name = "D"; }, "C");',
      'function make() {} { __name(make, "make"); }',
    ])
      expect(withoutRedundantNames(helper + kept)).to.equal(helper + kept);
  });

  it('touches nothing when something else has the name of the helper', () => {
    const code = `${kept(HOT)}\nfunction own(__name) { const x = __name(() => 1, "x"); }`;
    expect(withoutRedundantNames(code)).to.equal(code);
  });

  it('keeps text that only looks like a call', () => {
    const code = `${kept('f(() => 1); function f() {}')}\nconst text = \`\n__name(f, "f");\n\`;`;
    expect(withoutRedundantNames(code)).to.contain('`\n__name(f, "f");\n`');
  });
});
