// What the Worker is given by its configuration. Only SANDBOX is always there.
import type { Sandbox } from './sandbox/sandbox.ts';

export interface Bindings {
  SANDBOX: DurableObjectNamespace<Sandbox>;
  /** The key that opens everything (`wrangler secret put HOLDFAST_API_KEY`). Without it only what is public answers. */
  HOLDFAST_API_KEY?: string;
  /** From which the keys of secrets are derived (`wrangler secret put HOLDFAST_SECRETS_KEY`); HOLDFAST_API_KEY if absent. */
  HOLDFAST_SECRETS_KEY?: string;
  /** Under which host previews are, as `preview.example.com`; all names below it are theirs. Without it there are none. */
  HOLDFAST_PREVIEW_HOST?: string;
  /** URL of the loopback host that runs engines where there is no container; set by `npm start` alone. */
  HOLDFAST_LOCAL_HOST?: string;
  /** Bearer token of that host. */
  HOLDFAST_LOCAL_TOKEN?: string;
  /** What the front door of the local servers shows to be believed. */
  HOLDFAST_FRONT_TOKEN?: string;
}
