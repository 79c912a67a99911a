import { expect } from 'chai';
import { type AppDescription, artifactVersion } from './app-description.js';

describe('artifactVersion', () => {
  const bundle = new TextEncoder().encode('export {};');
  const description: Omit<AppDescription, 'version'> = {
    format: 1,
    app: 'hello',
    builtWith: '0.1.0',
    components: [{ name: 'A', methods: [], references: ['B'], declaredAt: 'a.ts:1' }],
    hasMain: true,
    listeners: [],
  };
  const version = artifactVersion(bundle, description);

  it('is 16 hex digits', () => {
    expect(version).to.match(/^[0-9a-f]{16}$/);
  });

  it('does not depend on the order of keys, nor on a version that is there already', () => {
    const { format, ...rest } = description;
    expect(artifactVersion(bundle, { ...rest, format })).to.equal(version);
    const described: AppDescription = { ...description, version };
    expect(artifactVersion(bundle, described)).to.equal(version);
    expect(artifactVersion(bundle, JSON.parse(JSON.stringify(described)))).to.equal(version);
  });

  it('changes with the bundle and with the description', () => {
    expect(artifactVersion(new TextEncoder().encode('export { };'), description)).to.not.equal(version);
    expect(artifactVersion(bundle, { ...description, hasMain: false })).to.not.equal(version);
  });
});
