import type { HostsReply, PlanView } from '../../daemon/api/api-types.js';
import type { CliEnvironment } from '../environment.js';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import { printable } from '../output/printable.js';
import { Progress } from '../output/progress.js';
import { plural } from '../output/quantities.js';

const POLL_MS = 300;
const MAX_HELD = 3;

/** Resolves when nothing runs on the host any more; rejects after the time, with why as far as the plan says. */
export async function awaitDrained(
  client: { hosts(): Promise<HostsReply>; plan(): Promise<PlanView> },
  host: string,
  timeoutMs: number,
  cli: Pick<CliEnvironment, 'now' | 'sleep' | 'stderr'>,
): Promise<void> {
  const progress = new Progress(cli.stderr);
  const deadline = cli.now() + timeoutMs;
  for (;;) {
    const { leader, hosts } = await client.hosts();
    const found = hosts.find((each) => each.host === host);
    // Without a leader there are no hosts to look at; it is asked again.
    if (leader !== undefined && (found === undefined || found.replicas === 0)) break;
    const left = found === undefined ? 'no leader answers' : `${plural(found.replicas, 'replica')} left`;
    if (cli.now() >= deadline)
      throw new CliError(EXIT.failure, `${host} is not drained: ${left}${await held(client, host)}`, {
        mend: 'it goes on draining: make room on other hosts, or wait longer with --timeout; `weaverd plan` explains each replica',
      });
    progress.update(`draining ${host}: ${left}`);
    await cli.sleep(POLL_MS);
  }
  progress.clear();
}

/** What the plan says of replicas that stay there. */
async function held(client: { plan(): Promise<PlanView> }, host: string): Promise<string> {
  const plan = await client.plan().catch(() => ({ apps: [] })); // it only adds to what is said anyway
  const stays = plan.apps
    .flatMap(({ groups }) => groups.flatMap(({ replicas }) => replicas))
    .filter(({ explanation }) => explanation.startsWith(`held on ${host},`))
    .map(({ replica, explanation }) => `${replica} is ${explanation}`);
  return printable(stays.length === 0 ? '' : `; ${stays.slice(0, MAX_HELD).join('; ')}`);
}
