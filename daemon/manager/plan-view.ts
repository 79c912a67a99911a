import type { PlanView } from '../api/api-types.js';
import { choicesOf, type PlacementReasons } from './placement-reasons.js';
import type { AppPlan } from './plan.js';

export function planView(apps: Iterable<AppPlan>, reasons: PlacementReasons): PlanView {
  return {
    apps: [...apps].map((plan) => ({
      app: plan.record.app,
      groups: plan.groups.map(({ version, group, explanation }) => ({
        version,
        group,
        explanation,
        replicas: choicesOf(plan)
          .filter((each) => each.group === group && each.version === version)
          .map(({ key, replica, choice }) => ({ replica, explanation: reasons.explain(key, choice) })),
      })),
    })),
  };
}

/** Undefined for what is none; the fields within are trusted, as only daemons can publish. */
export function readPlanView(body: unknown): PlanView | undefined {
  if (typeof body !== 'object' || body === null || !('apps' in body)) return undefined;
  return Array.isArray(body.apps) ? (body as PlanView) : undefined;
}
