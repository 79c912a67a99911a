/** Why a listener could not be opened, and the mend. */
export function openFailure(
  error: NodeJS.ErrnoException,
  wanted: {
    readonly listener: string;
    readonly host: string;
    readonly port: number;
    /** What of ours has the port. */
    readonly owner: string | undefined;
  },
): string {
  const { listener, host, port, owner } = wanted;
  const key = `[listeners.${listener}]`;
  switch (error.code) {
    case 'EADDRINUSE':
      if (owner !== undefined)
        return `port ${port} on ${host} is taken by ${owner} (EADDRINUSE); choose another ${key} port in weaver.toml`;
      return `port ${port} on ${host} is taken by another process (EADDRINUSE); choose another ${key} port in weaver.toml or stop that process`;
    case 'EACCES':
      return `port ${port} on ${host} may not be bound without privileges (EACCES); choose a ${key} port above 1023 in weaver.toml`;
    case 'EADDRNOTAVAIL':
      return `${host} is not an address of this machine (EADDRNOTAVAIL); set the ${key} host in weaver.toml to one of its addresses, or to 0.0.0.0 for all`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is no name that resolves (${error.code}); set the ${key} host in weaver.toml to an address of this machine`;
    default:
      return `port ${port} on ${host} could not be opened: ${error.message}`;
  }
}
