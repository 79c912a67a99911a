import { explainChoice } from '../placement/explain-choice.js';
import type { AppPlan } from './plan.js';

/** Why everything is where it is, in words. */
export interface PlanView {
  readonly apps: readonly {
    readonly app: string;
    readonly groups: readonly {
      readonly version: string;
      readonly group: string;
      /** Why so many replicas. */
      readonly explanation: string;
      readonly replicas: readonly { readonly replica: string; readonly explanation: string }[];
    }[];
  }[];
}

export function planView(apps: Iterable<AppPlan>): PlanView {
  return {
    apps: [...apps].map(({ record, groups }) => ({
      app: record.app,
      groups: groups.map(({ version, group, explanation, replicas, choices }) => ({
        version,
        group,
        explanation,
        replicas: replicas.flatMap(({ placement }, index) => {
          const choice = choices[index];
          return choice === undefined
            ? []
            : [{ replica: placement.replica, explanation: explainChoice(choice) }];
        }),
      })),
    })),
  };
}

/** Undefined for what is none; the fields within are trusted, as only daemons can publish. */
export function readPlanView(body: unknown): PlanView | undefined {
  if (typeof body !== 'object' || body === null || !('apps' in body)) return undefined;
  return Array.isArray(body.apps) ? (body as PlanView) : undefined;
}
