// The e2e suite against the engine alone, as `npm run engine` starts it.
import { e2eProject } from './harness/project.ts';

export default e2eProject('engine');
