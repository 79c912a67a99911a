/**
 * A warm proclet is started before it is known what for: it has this variable, which names the file descriptor of a
 * socket to its daemon, and imports the app up to `run()`. Then it says {@link WARM_READY} and waits for a line with the
 * path of its spec file, answers {@link WARM_CLAIMED}, and is the proclet of that spec. It ends when its daemon does.
 */
export const WARM_CHANNEL_VARIABLE = 'WEAVERD_PROCLET_CHANNEL';

export const WARM_READY = 'ready\n';
export const WARM_CLAIMED = 'claimed\n';
