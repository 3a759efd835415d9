// The changes of a folder to one client, as server-sent events at the pace at which it reads.
import type { ServerResponse } from 'node:http';
import { encodeEvent, type FileEvent, HoldfastError, LIMITS, SSE_COMMENT, SSE_CONTENT_TYPE } from '#protocol';
import { FileWatch, type WatchOptions } from '../files/watch/watch.ts';
import type { Poller } from '../linux/poller.ts';
import { written } from './drained.ts';

let open = 0;

export async function streamChanges(
  path: string,
  options: WatchOptions,
  poller: Poller,
  response: ServerResponse,
): Promise<void> {
  if (open >= LIMITS.fileWatches) {
    throw new HoldfastError(
      'OUT_OF_RESOURCES',
      `a sandbox has at most ${LIMITS.fileWatches} watches; end one`,
    );
  }
  open += 1;
  try {
    const watch = await FileWatch.start(path, options, poller);
    await follow(watch, response).finally(() => watch.close());
  } finally {
    open -= 1;
  }
}

async function follow(watch: FileWatch, response: ServerResponse): Promise<void> {
  response.writeHead(200, {
    'content-type': SSE_CONTENT_TYPE,
    'cache-control': 'no-cache',
    'x-accel-buffering': 'no',
  });
  response.write(encoded({ type: 'watching', path: watch.path, folders: watch.folders }));
  const heartbeat = setInterval(() => response.write(SSE_COMMENT), LIMITS.heartbeatMs);
  let departed = () => {};
  response.once('close', () => departed());
  const signal = {
    onClose(act: () => void) {
      departed = act;
    },
  };
  try {
    while (!response.destroyed) {
      await watch.changed(signal);
      await written(response, Buffer.from(watch.take().map(encoded).join('')));
      heartbeat.refresh();
      if (watch.stopped === undefined) continue;
      response.end(encoded({ type: 'stopped', reason: watch.stopped }));
      return;
    }
  } finally {
    clearInterval(heartbeat);
  }
}

function encoded(event: FileEvent): string {
  return encodeEvent(event.type, event);
}
