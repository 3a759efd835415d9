// The e2e suite against Worker, Durable Object and the real image, as `npm run dev` starts them.
import { e2eProject } from './harness/project.ts';

export default e2eProject('docker');
