// What `holdfast/cloudflare` gives to a Worker that used `@cloudflare/sandbox`: the client under its names, and the
// class of the Durable Object. It joins the two and has no code of its own.
export * from '../sdk/cloudflare/index.ts';
export { ContainerProxy, Sandbox } from '../worker/sandbox/sandbox.ts';
