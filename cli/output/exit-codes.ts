/** What the shell is told; part of the public contract. */
export const EXIT = {
  ok: 0,
  failure: 1,
  /** Wrong arguments, or a configuration file that is not valid. */
  usage: 2,
  /** No daemon answers on the state folder. */
  noDaemon: 3,
  buildFailed: 4,
  /** The app did not come to serve, or stopped serving. */
  unhealthy: 5,
  /** Interrupted a second time. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES_HELP = `Exit codes:
  0  done
  1  failed
  2  wrong arguments or configuration
  3  no daemon on the state folder
  4  the build failed
  5  the app is not healthy`;
