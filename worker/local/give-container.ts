// Where the platform gives no container (`npm start`, worker tests), the Durable Object gets one that runs here.
import type { Bindings } from '../bindings.ts';
import { LoopbackContainer } from './loopback-container.ts';

/** Puts a container into `ctx` if there is none and the loopback host is known. Call it before `super(ctx, env)`. */
export function giveLocalContainer(ctx: DurableObjectState<object>, env: Bindings): void {
  const { HOLDFAST_LOCAL_HOST: url, HOLDFAST_LOCAL_TOKEN: token } = env;
  if (ctx.container || !url || !token) return;
  const name = ctx.id.name ?? ctx.id.toString();
  const value = new LoopbackContainer(new URL(`/sandboxes/${name}/`, url), token, ctx.storage.kv);
  Object.defineProperty(ctx, 'container', { value });
}
