import type { Bindings } from '../../../worker/bindings.ts';

declare global {
  namespace Cloudflare {
    interface Env extends Bindings {}
  }
}
