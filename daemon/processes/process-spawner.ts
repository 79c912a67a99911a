import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { identifyProcess, type ProcessIdentity } from '../../sdk/protocol/process-identity.js';

export interface ProcessCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Files the standard streams are appended to, made (mode 0600) when missing. */
  readonly stdout: string;
  readonly stderr: string;
  /** Gives the process a socket to this one as file descriptor {@link CHANNEL_DESCRIPTOR}. Default false. */
  readonly channel?: boolean;
}

export const CHANNEL_DESCRIPTOR = 3;

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SpawnedProcess {
  readonly identity: ProcessIdentity;
  /** Settles once, when it has gone. */
  readonly exited: Promise<ProcessExit>;
  /** Our end, if the command asked for it. It alone does not keep this process running. */
  readonly channel?: Duplex | undefined;
}

export interface ProcessSpawner {
  /** Throws, or rejects, when it cannot be started; the message says what and why. */
  spawn(command: ProcessCommand): Promise<SpawnedProcess>;
}

/** In a session of its own, with no tie to this process: it outlives this one, however that ends. */
export const systemSpawner: ProcessSpawner = {
  spawn(command) {
    const stdout = openSync(command.stdout, 'a', 0o600);
    let stderr: number | undefined;
    try {
      stderr = openSync(command.stderr, 'a', 0o600);
      return started(command, stdout, stderr);
    } finally {
      closeSync(stdout);
      if (stderr !== undefined) closeSync(stderr);
    }
  },
};

function started(command: ProcessCommand, stdout: number, stderr: number): Promise<SpawnedProcess> {
  const child = spawn(command.file, [...command.args], {
    cwd: command.cwd,
    env: { ...command.env },
    detached: true,
    stdio: ['ignore', stdout, stderr, ...(command.channel === true ? (['pipe'] as const) : [])],
  });
  child.unref();
  const pipe = child.stdio[CHANNEL_DESCRIPTOR];
  const channel = pipe instanceof Socket ? pipe.unref() : undefined;
  return new Promise((resolve, reject) => {
    const { pid } = child;
    if (pid === undefined) {
      child.once('error', (reason) =>
        reject(new Error(`cannot start ${command.file}: ${reason.message}`, { cause: reason })),
      );
      return;
    }
    const exited = new Promise<ProcessExit>((settle) => {
      child.once('exit', (code, signal) => settle({ code, signal }));
    });
    // One that has ended already is a zombie, which has no identity: then any that matches nothing will do.
    resolve({ identity: identifyProcess(pid) ?? { pid, startTime: 'ended' }, exited, channel });
  });
}
