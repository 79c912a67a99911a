import { nearestName } from '../../config/nearest-name.js';

/** No host of that name is, or was, in the cluster. */
export class UnknownHostError extends Error {
  override readonly name = 'UnknownHostError';
  readonly mend: string;

  constructor(host: string, known: readonly { readonly host: string }[]) {
    super(`there is no host "${host}"`);
    const names = known.map((each) => each.host);
    const nearest = nearestName(host, names);
    this.mend =
      nearest === undefined ? `there are ${names.join(', ') || 'none'}` : `did you mean "${nearest}"?`;
  }
}

/** What runs on it would run on as a stranger. */
export class HostInUseError extends Error {
  override readonly name = 'HostInUseError';
  readonly mend: string;

  constructor(host: string, replicas: number) {
    super(`${host} still runs ${replicas} replicas`);
    this.mend = `drain it first: weaverd drain ${host} --wait`;
  }
}
