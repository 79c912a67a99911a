import { join } from 'node:path';
import { AccessLog } from './access-log.js';
import { systemClock } from './clock.js';
import { DaemonLink } from './daemon-link.js';
import type { IngressSpec } from './ingress-protocol.js';
import { ListenerSet } from './listener-set.js';
import { LogBuffer } from './log-buffer.js';
import { PROXY_LIMITS } from './proxy-limits.js';
import { StatusReporter } from './status-reporter.js';

export interface IngressProcess {
  /** Finishes what is in flight, at most for `graceMs`, and lets go of the daemon. */
  shutdown(graceMs: number): Promise<void>;
}

/** Puts the process together. `exited` is called when the daemon's Shutdown has been carried out. */
export function startIngressProcess(spec: IngressSpec, exited: () => void): IngressProcess {
  const logs = new LogBuffer();
  let sequence: number | undefined;
  let stopping: Promise<void> | undefined;

  const log = (level: 'info' | 'warn' | 'error', message: string) => {
    logs.add(level, message);
    logs.flush((batch) => link.sendLogs(batch));
  };
  const accessLog =
    spec.logFolder === undefined
      ? undefined
      : new AccessLog(join(spec.logFolder, 'access.log'), systemClock, (message) => log('error', message));
  const listeners = new ListenerSet({
    limits: PROXY_LIMITS,
    clock: systemClock,
    random: Math.random,
    log,
    onChange: () => reporter.changed(),
    onActivity: () => reporter.activity(),
    accessLog: (entry) => accessLog?.add(entry),
  });
  const reporter = new StatusReporter(listeners, systemClock, (statuses) => {
    const sent = link.sendStatus({
      ...(sequence === undefined ? {} : { sequence }),
      rssBytes: process.memoryUsage.rss(),
      listeners: statuses,
    });
    if (!sent) reporter.forget();
  });
  const shutdown = (graceMs: number): Promise<void> => {
    stopping ??= listeners.close(graceMs).then(async () => {
      await accessLog?.flush();
      reporter.close();
      link.close();
    });
    return stopping;
  };
  const link = new DaemonLink({
    spec,
    clock: systemClock,
    random: Math.random,
    listeners: () => listeners.status(),
    onRegistered: () => logs.flush((batch) => link.sendLogs(batch)),
    onLost: () => {
      sequence = undefined;
    },
    onRoutes: (routes) => {
      if (stopping !== undefined) return;
      listeners.setRoutes(routes.routes);
      sequence = routes.sequence;
      reporter.forget();
      reporter.changed();
    },
    onShutdown: (graceMs) => void shutdown(graceMs).then(exited),
    log,
  });
  link.connect();
  return { shutdown };
}
