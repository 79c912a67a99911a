import type { PlanView } from '../../daemon/api/api-types.js';
import type { Colours } from './colours.js';
import { printable } from './printable.js';

/** Of each app, each group: why so many replicas, and below it why each is where it is. */
export function formatPlan({ apps }: PlanView, colours: Colours): readonly string[] {
  return apps.flatMap(({ app, groups }, index) => [
    ...(index === 0 ? [] : ['']),
    colours.bold(app),
    ...groups.flatMap(({ version, group, explanation, replicas }) => {
      const width = Math.max(0, ...replicas.map(({ replica }) => replica.length));
      return [
        `  ${colours.cyan(group)} ${colours.dim(version)}  ${printable(explanation)}`,
        ...replicas.map(
          ({ replica, explanation: why }) => `    ${printable(replica).padEnd(width)}  ${printable(why)}`,
        ),
      ];
    }),
  ]);
}
