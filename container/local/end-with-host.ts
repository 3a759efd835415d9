// Loaded into an engine before its own program: ends it when its host is gone, however that went, and then what is
// left of its sandbox, as the shells of an engine that had died before.
import { killAllOf, MARK } from './sweep.ts';

/** For the engine's own way to end. */
const GRACE_MS = 3_000;

process.once('disconnect', () => {
  process.once('exit', () => killAllOf(process.env[MARK]!));
  // Without a handler the signal would end it before it has swept.
  if (process.listenerCount('SIGTERM') === 0) process.exit();
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.exit(), GRACE_MS);
});
process.channel?.unref();
