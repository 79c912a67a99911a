import type { ApiBackend } from '../../daemon/api/backend.js';
import { runCli } from '../program.js';
import { fakeDaemon } from './fake-daemon.js';
import { type FakeEnvironment, fakeEnvironment } from './fake-environment.js';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One command against a daemon of its own, which is there for that long. */
export async function runAgainst(
  args: readonly string[],
  backend: Partial<ApiBackend>,
  cli: FakeEnvironment = fakeEnvironment(),
): Promise<Outcome> {
  const daemon = await fakeDaemon(backend);
  try {
    const code = await runCli([...args, '--state', daemon.stateFolder], cli);
    return { code, stdout: cli.stdout.text(), stderr: cli.stderr.text() };
  } finally {
    await daemon.close();
  }
}
