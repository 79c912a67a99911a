import type { AppDescription } from '../../sdk/protocol/app-description.js';

/** Components by name, each with those it calls; `Cart` and `Room` are routed, `Room` exclusively, `Front` has the listener. */
const REFERENCES: Readonly<Record<string, readonly string[]>> = {
  Front: ['Cart', 'Room'],
  Cart: [],
  Room: [],
};
/** The keys of which have one owner at a time. */
export const OWNED = 'Room';

export function describeApp(app: string, version: string): AppDescription {
  return {
    format: 1,
    app,
    version,
    builtWith: '1.0.0',
    components: Object.entries(REFERENCES).map(([name, references]) => ({
      name,
      methods: [{ name: 'get', streaming: false, routed: name !== 'Front' }],
      ...(name === OWNED ? { exclusive: true } : {}),
      references,
      declaredAt: 'main.ts:1',
    })),
    hasMain: false,
    listeners: [{ name: 'web', component: 'Front' }],
  };
}

/** `operation` makes the manifest one that no other deployment has. */
export function manifestOf(operation: number, replicas: number): object {
  return {
    env: { OPERATION: String(operation) },
    components: {
      Cart: { replicas },
      Room: { replicas: Math.min(replicas, 3) },
      Front: { replicas: Math.min(replicas, 2) },
    },
    shutdown: { grace: '1s' },
  };
}
