import type { IngressClock } from './ingress-routes.js';

export const systemClock: IngressClock = {
  now: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
