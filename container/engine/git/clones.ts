// The clones that are under way: each is whole at its end, or nothing of it is left.
import {
  type GitCloneRequest,
  type GitCloneResult,
  type GitProgress,
  HoldfastError,
  LIMITS,
} from '#protocol';
import { about } from '../files/file-error.ts';
import { placeOf } from '../files/place.ts';
import { type Address, gitAddress } from './address.ts';
import { gitError } from './complaint.ts';
import { endLeftGit, type GitRun, runGit } from './git-process.ts';
import { TargetFolder } from './target-folder.ts';

export interface CloneOptions {
  /** Where relative paths start. */
  cwd: string;
  /** Ends the clone; its reason is what is thrown. */
  signal: AbortSignal;
  /** The request was found good, and git is about to begin. */
  onBegin?: () => void;
  onProgress?: (progress: GitProgress) => void;
}

type Wanted = Omit<GitCloneRequest, 'session'>;

export class GitClones {
  readonly #env: Record<string, string>;
  readonly #place: string;
  readonly #under = new Map<AbortController, Promise<unknown>>();

  /** `env`: what every session inherits. `place`: the engine's own folder. */
  constructor(env: Record<string, string>, place: string) {
    this.#env = env;
    this.#place = place;
  }

  /** @throws GIT_FAILED, GIT_AUTH_FAILED, GIT_TIMED_OUT, GIT_NOT_INSTALLED, FILE_EXISTS, OUT_OF_RESOURCES ... */
  async clone(wanted: Wanted, options: CloneOptions): Promise<GitCloneResult> {
    if (this.#under.size >= LIMITS.gitClones) {
      throw new HoldfastError(
        'OUT_OF_RESOURCES',
        `a sandbox has at most ${LIMITS.gitClones} clones under way; wait for one`,
      );
    }
    const leaving = new AbortController();
    const cloning = this.#clone(wanted, options, leaving.signal).finally(() => this.#under.delete(leaving));
    this.#under.set(leaving, cloning);
    return await cloning;
  }

  /** Ends what an engine that died here had under way. */
  sweep(): void {
    endLeftGit(this.#place);
  }

  /** Ends all; resolves when nothing of them is left. */
  async close(): Promise<void> {
    for (const leaving of this.#under.keys()) leaving.abort(stopping());
    await Promise.allSettled(this.#under.values());
  }

  async #clone(wanted: Wanted, options: CloneOptions, closing: AbortSignal): Promise<GitCloneResult> {
    const { cwd, onBegin, onProgress } = options;
    const address = gitAddress(wanted.url, wanted.auth);
    const { timeoutMs } = wanted;
    const late = new AbortController();
    const signal = AbortSignal.any([options.signal, closing, late.signal]);
    const folder = await this.#folder(wanted.dir ?? address.name, cwd);
    const timer =
      timeoutMs === undefined ? undefined : setTimeout(() => late.abort(timedOut(timeoutMs)), timeoutMs);
    try {
      const url = await urlFor(address, wanted, cwd);
      onBegin?.();
      await this.#run(['clone', '--progress', ...choices(wanted), '--', url, folder.path], address, {
        signal,
        onProgress,
      });
      return { dir: folder.path, ...(await this.#head(folder.path, signal)) };
    } catch (error) {
      // What git found there is somebody else's.
      if (!(error instanceof HoldfastError && error.code === 'FILE_EXISTS')) await folder.clear();
      throw error;
    } finally {
      clearTimeout(timer);
      folder.release();
    }
  }

  async #folder(dir: string | undefined, cwd: string): Promise<TargetFolder> {
    if (dir === undefined) {
      throw new HoldfastError('INVALID_REQUEST', 'dir: the URL does not tell a name; give one');
    }
    return await about(dir, async () => await TargetFolder.take(await placeOf(dir, cwd)));
  }

  async #run(
    args: string[],
    { origin, credentials }: Address,
    run: Pick<GitRun, 'signal'> & { onProgress: GitRun['onProgress'] | undefined },
  ): Promise<void> {
    const given = origin !== undefined && credentials ? { origin, credentials } : undefined;
    const { signal, onProgress = () => {} } = run;
    const ended = await runGit({
      args,
      env: this.#env,
      place: this.#place,
      credentials: given,
      signal,
      onProgress,
    });
    if (ended.exitCode !== 0) throw gitError(ended.complaint, credentials);
  }

  async #head(dir: string, signal: AbortSignal): Promise<Pick<GitCloneResult, 'commit' | 'branch'>> {
    const ask = async (...args: string[]) => {
      const { exitCode, stdout } = await runGit({
        args: ['-C', dir, ...args],
        env: this.#env,
        place: this.#place,
        signal,
      });
      return exitCode === 0 ? stdout.trim() : null;
    };
    return {
      commit: await ask('rev-parse', '--verify', '--quiet', 'HEAD'),
      branch: await ask('symbolic-ref', '--quiet', '--short', 'HEAD'),
    };
  }
}

/** `--branch` takes tags too; `=` keeps a value from being taken for anything else. */
function choices({ branch, depth }: Wanted): string[] {
  return [
    ...(branch === undefined ? [] : [`--branch=${branch}`]),
    ...(depth === undefined ? [] : [`--depth=${depth}`]),
  ];
}

async function urlFor({ url, isPath }: Address, { depth }: Wanted, cwd: string): Promise<string> {
  if (!isPath) return url;
  const path = await about(url, () => placeOf(url, cwd));
  // Of a path git copies all; of a URL it takes what is asked for.
  return depth === undefined
    ? path
    : new URL(`file://${path.split('/').map(encodeURIComponent).join('/')}`).href;
}

const timedOut = (ms: number) =>
  new HoldfastError(
    'GIT_TIMED_OUT',
    `the clone took longer than its timeoutMs, ${ms}; nothing of it is left`,
  );

const stopping = () =>
  new HoldfastError('CONTAINER_UNAVAILABLE', 'the container of this sandbox is stopping; try again');
