// Loaded into a process before its program (`node --import`): appends to <EVENT_LOOP_FOLDER>/<pid>.log, each second, for how
// long its event loop was late at most, ms.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const folder = process.env.EVENT_LOOP_FOLDER;
if (folder !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  setInterval(() => {
    appendFileSync(join(folder, `${process.pid}.log`), `${delay.max / 1e6}\n`);
    delay.reset();
  }, 1000).unref();
}
