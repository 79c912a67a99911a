import { explainChoice } from '../placement/explain-choice.js';
import type { Choice } from '../placement/place.js';
import type { AppPlan } from './plan.js';

type Placed = Extract<Choice, { readonly kind: 'placed' }>;

/** Why each replica came to the host where it stays since; a leader knows it of those that it placed itself. */
export class PlacementReasons {
  #byReplica: ReadonlyMap<string, Placed> = new Map();

  /** Of each plan that is carried out, in their order. */
  note(apps: readonly AppPlan[]): void {
    const noted = new Map<string, Placed>();
    // Of very many replicas: nothing is made for one but its key.
    for (const { record, groups } of apps)
      for (const { version, replicas, choices } of groups)
        for (const [index, { placement }] of replicas.entries()) {
          const choice = choices[index];
          if (choice === undefined) continue;
          const key = keyOf(record.app, version, placement.replica);
          if (choice.kind === 'placed') noted.set(key, choice);
          else if (choice.kind === 'stays') {
            const before = this.#byReplica.get(key);
            if (before?.host === choice.host) noted.set(key, before);
          }
        }
    this.#byReplica = noted;
  }

  /** One line of `weaverd plan`. */
  explain(key: string, choice: Choice): string {
    const placed = this.#byReplica.get(key);
    const now = explainChoice(choice);
    return choice.kind === 'stays' && placed !== undefined
      ? `${now}, chosen then: ${explainChoice(placed)}`
      : now;
  }
}

/** Tells replicas of all apps apart. */
function keyOf(app: string, version: string, replica: string): string {
  return `${app} ${version} ${replica}`;
}

/** What was decided of each replica of an app. */
export function choicesOf({ record, groups }: AppPlan): readonly {
  readonly key: string;
  readonly replica: string;
  readonly group: string;
  readonly version: string;
  readonly choice: Choice;
}[] {
  return groups.flatMap(({ version, group, replicas, choices }) =>
    replicas.flatMap(({ placement: { replica } }, index) => {
      const choice = choices[index];
      const key = keyOf(record.app, version, replica);
      return choice === undefined ? [] : [{ key, replica, group, version, choice }];
    }),
  );
}
