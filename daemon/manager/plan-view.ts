import type { PlanView } from '../api/api-types.js';
import { explainChoice } from '../placement/explain-choice.js';
import type { AppPlan } from './plan.js';

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
