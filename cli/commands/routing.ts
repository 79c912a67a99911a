import type { Command } from 'commander';
import type { RoutingView } from '../../daemon/api/api-types.js';
import type { ApiClient } from '../../daemon/api/client.js';
import { hashKey } from '../../sdk/protocol/key-hash.js';
import type { CliEnvironment } from '../environment.js';
import { coloursFor } from '../output/colours.js';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import { writeJson } from '../output/json.js';
import { formatPlace, formatRouting, placeOf } from '../output/routing-lines.js';
import { expectKnown } from '../session/expect-known.js';
import { withNearestApp } from '../session/nearest-app.js';
import { parseKey } from '../session/parse-key.js';
import { withDaemon } from '../session/with-daemon.js';
import { addDaemonOptions, type DaemonOptions, examples } from './options.js';

interface RoutingOptions extends DaemonOptions {
  readonly app?: string;
  readonly key?: string;
}

export function addRouting(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program
      .command('routing')
      .summary('show which replica owns which keys of a component, and their load')
      .description(
        'Shows the slices of the key space of a component with `routing`, the replicas that own them, and their load. With --key only where that key goes.',
      )
      .argument('<component>', 'name of a component')
      .option('--app <name>', 'the app, when several have a component of that name')
      .option('--key <key>', `a key: ann, 42, '"42"' (the string), '["ann", 7]', '{"room": 7}'`),
  )
    .addHelpText(
      'after',
      examples('routing Cart', 'routing Cart --key ann', `routing Rooms --app chat --key '["ann", 7]'`),
    )
    .action((component: string, options: RoutingOptions) => {
      const hash = options.key === undefined ? undefined : hashKey(parseKey(options.key));
      return withDaemon(cli, options, async (client) => {
        const view = await viewOf(client, component, options.app);
        const place = hash === undefined ? undefined : placeOf(view, hash);
        if (hash !== undefined && place === undefined)
          throw new CliError(EXIT.failure, `${component} has no replica that serves`, {
            mend: 'see `weaverd status`',
          });
        if (options.json === true)
          return writeJson(cli.stdout, place === undefined ? view : { ...view, key: place });
        if (place !== undefined) return cli.stdout.write(`${formatPlace(options.key ?? '', place)}\n`);
        cli.stdout.write(`${formatRouting(view, coloursFor(cli.stdout, cli.env)).join('\n')}\n`);
      });
    });
}

async function viewOf(client: ApiClient, component: string, app: string | undefined): Promise<RoutingView> {
  const views = await client.routing(component, app);
  const [view, other] = views;
  if (view === undefined) {
    await expectKnown(client, app, component).catch(async (reason: unknown) => {
      throw app === undefined ? reason : await withNearestApp(reason, app, client);
    });
    throw new CliError(EXIT.failure, `${component} is not routed yet`, { mend: 'try again in a second' });
  }
  if (other !== undefined)
    throw new CliError(EXIT.usage, `several apps have a component ${component}`, {
      mend: `name one with --app: ${views.map((each) => each.app).join(', ')}`,
    });
  if (!view.routed && !view.owned)
    throw new CliError(EXIT.failure, `${component} has no routing: any of its replicas takes any call`, {
      mend: `give it keys: component(${component}, { routing: { method: (…args) => key } })`,
    });
  return view;
}
