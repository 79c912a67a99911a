import type { Colours } from '../output/colours.js';
import { printable } from '../output/printable.js';
import { formatLatency, plural } from '../output/quantities.js';
import type { RunEvent } from './run-events.js';

/** For a person to read. */
export function describeRunEvent(event: RunEvent, colours: Colours): readonly string[] {
  switch (event.event) {
    case 'built':
      return [
        colours.dim(
          `built ${event.app} ${event.version}: ${plural(event.components, 'component')} in ${formatLatency(event.tookMs)}`,
        ),
      ];
    case 'daemon':
      return [colours.dim(`daemon ${event.pid} on ${event.stateFolder}`)];
    case 'deployed':
      return [];
    case 'serving':
      return event.listeners.length === 0
        ? [`${colours.bold(event.app)} runs`]
        : event.listeners.map(
            ({ name, url }) => `${colours.bold(event.app)} serves ${name} at ${colours.cyan(url)}`,
          );
    case 'completed':
      return [`${colours.bold(event.app)} has completed`];
    case 'failed':
      return [
        `${colours.red(`${event.app} failed`)}${event.replica === undefined ? '' : ` in ${event.replica}`}: ${printable(event.reason)}`,
        ...event.logs
          .flatMap(({ message }) => printable(message).trimEnd().split('\n'))
          .map((line) => `  ${line}`),
      ];
    case 'stopping':
      return [colours.dim(`stopping ${event.app} (Ctrl-C again kills it) …`)];
    case 'stopped':
      return [colours.dim(`stopped ${event.app}`)];
  }
}
