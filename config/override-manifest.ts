import type { AppManifest } from './app-manifest.js';

/** What a command line may say of an app for one run. */
export interface ManifestOverrides {
  /** `none`: a process for each component. Undefined: as the manifest says. */
  readonly colocate: 'all' | 'none' | undefined;
  /** Public port of each named listener. */
  readonly ports: Readonly<Record<string, number>>;
}

export function overrideManifest(manifest: AppManifest, overrides: ManifestOverrides): AppManifest {
  const listeners = { ...manifest.listeners };
  for (const [name, port] of Object.entries(overrides.ports))
    listeners[name] = { ...(listeners[name] ?? { host: '127.0.0.1' }), port };
  const colocate =
    overrides.colocate === undefined ? manifest.colocate : overrides.colocate === 'all' ? 'all' : [];
  return { ...manifest, colocate, listeners };
}
