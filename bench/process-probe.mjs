// Loaded into a process before its program (`node --import`). Appends to <PROBE_FOLDER>/<pid>.log a line of JSON: each second
// {"late"}, for how long its event loop was late at most, ms; on SIGUSR2 {"live"}, the bytes that it holds after garbage
// collection, on the heap and outside.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const folder = process.env.PROBE_FOLDER;
if (folder !== undefined) {
  const say = (line) => appendFileSync(join(folder, `${process.pid}.log`), `${JSON.stringify(line)}\n`);
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  setInterval(() => {
    say({ late: delay.max / 1e6 });
    delay.reset();
  }, 1000).unref();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  process.on('SIGUSR2', () => {
    collect();
    collect(); // what finalizers let go of in the first
    const { heapUsed, external } = process.memoryUsage();
    say({ live: heapUsed + external });
  });
}
