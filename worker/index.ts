// The deployed Worker, and what `holdfast/worker` gives to a Worker that embeds the Durable Object class.
import { app } from './app.ts';

export { app } from './app.ts';
export type { Bindings } from './bindings.ts';
export { ContainerProxy, Sandbox } from './sandbox/sandbox.ts';
export default app;
