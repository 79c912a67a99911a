import { type AppManifest, appManifestSchema } from '../../../config/app-manifest.js';
import type { AppDescription } from '../../../sdk/protocol/app-description.js';
import type { Deployment } from '../app-record.js';

/** Components by name, each with those it calls; `Cart` is routed. */
const REFERENCES: Readonly<Record<string, readonly string[]>> = {
  Frontend: ['Cart', 'Catalog'],
  Cart: ['CartCache'],
  CartCache: [],
  Catalog: ['Recommendations'],
  Recommendations: ['Catalog'],
};

export function sampleDescription(version: string, change: Partial<AppDescription> = {}): AppDescription {
  return {
    format: 1,
    app: 'shop',
    version,
    builtWith: '0.1.0',
    components: Object.entries(REFERENCES).map(([name, references]) => ({
      name,
      methods: [{ name: 'get', streaming: false, routed: name === 'Cart' }],
      references,
      declaredAt: 'main.ts:1',
    })),
    hasMain: true,
    listeners: [{ name: 'web', component: 'Frontend' }],
    ...change,
  };
}

export function sampleManifest(given: object = {}): AppManifest {
  return appManifestSchema.parse(given);
}

export function sampleDeployment(version: string, manifest: object = {}, deployedAt = 1): Deployment {
  return { version, deployedAt, manifest: sampleManifest(manifest), description: sampleDescription(version) };
}
