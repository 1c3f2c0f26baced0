// Starts a control plane of the parts given as JSON, says when it is ready, and holds it until killed.
import { type ControlPlaneParts, startControlPlane } from '../support/controlplane/controlplane.ts';

await startControlPlane(JSON.parse(process.argv[2] ?? '') as ControlPlaneParts);
console.log('ready');
