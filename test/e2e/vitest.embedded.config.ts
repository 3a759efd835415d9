// The e2e suite against Worker, Durable Object and a local engine, as `npm start` starts them.
import { e2eProject } from './harness/project.ts';

export default e2eProject('embedded');
