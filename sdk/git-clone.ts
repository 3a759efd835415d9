// Cloning a repository, told as it goes. A cut ends the clone, and nothing of it is left: it is for the caller to
// begin again.
import { createParser } from 'eventsource-parser';
import type { Connection } from './connection/connection.ts';
import { cutOff, FailedTry } from './connection/failed-try.ts';
import { readChunks } from './connection/read-chunks.ts';
import {
  type ErrorCode,
  errorCode,
  type GitCloneRequest,
  type GitCloneResult,
  type GitEvent,
  type GitProgress,
  HoldfastError,
} from './protocol/index.ts';

/**
 * `branch` takes tags too; `depth` is so many commits of one branch; `dir` must be empty or absent, and is the
 * repository's name unless given; `auth` is for https and http.
 */
export interface GitCloneOptions extends Omit<GitCloneRequest, 'url' | 'session'> {
  /** From whose cwd relative paths start; of a `Session` its own, else `default`. */
  sessionId?: string;
  onProgress?: (progress: GitProgress) => void;
  /** Ends the clone. */
  signal?: AbortSignal;
}

export async function gitClone(
  connection: Connection,
  url: string,
  { sessionId, onProgress, signal, ...wanted }: GitCloneOptions,
): Promise<GitCloneResult> {
  const json = { url, ...wanted, ...(sessionId === undefined ? {} : { session: sessionId }) };
  const call = { method: 'POST', path: '/git/clone', json, repeat: 'unstarted', signal } as const;
  const body = await connection.body(call, 'text/event-stream');
  const text = new TextDecoder();
  let end: Exclude<GitEvent, { type: 'progress' }> | undefined;
  const parser = createParser({
    onEvent({ data }) {
      const event: GitEvent = JSON.parse(data);
      if (event.type !== 'progress') end = event;
      else {
        const { type: _, ...progress } = event;
        onProgress?.(progress);
      }
    },
  });
  try {
    const { silenceMs } = connection.policy;
    for await (const chunk of readChunks(body, { silenceMs, signal })) {
      parser.feed(text.decode(chunk, { stream: true }));
      if (end) return outcome(end);
    }
    throw cutOff('the clone broke off');
  } catch (failure) {
    throw failure instanceof FailedTry ? failure.error : failure;
  }
}

function outcome(end: Exclude<GitEvent, { type: 'progress' }>): GitCloneResult {
  if (end.type === 'error') {
    throw new HoldfastError(errorCode(end) ?? ('INTERNAL' satisfies ErrorCode), end.message);
  }
  const { dir, commit, branch } = end;
  return { dir, commit, branch };
}
