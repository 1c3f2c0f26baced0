// Plays one controller of the agents chart until it is told to end: `main.ts supporting --kubeconfig=… --namespaces=a,b`.
import { parseArgs } from 'node:util';
import type { Script } from '../agents-controller.ts';
import { startAgentsController } from './agents-controller.ts';
import { startOrchestrationController } from './orchestration-controller.ts';
import type { StandIn } from './stand-in.ts';
import { startSupportingController } from './supporting-controller.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kubeconfig: { type: 'string', default: '' },
    namespaces: { type: 'string', default: 'default' },
    'simulated-jobs': { type: 'boolean', default: false },
    /** AgentRuns succeed after this time. Without it, the kubelet that runs their pods decides. */
    'succeed-after-ms': { type: 'string' },
    'retention-ms': { type: 'string' },
    'sweep-ms': { type: 'string' },
    image: { type: 'string' },
  },
});
const { kubeconfig, image } = values;
const namespaces = values.namespaces.split(',');

function start(controller: string | undefined): Promise<StandIn> {
  if (controller === 'supporting') return startSupportingController({ kubeconfig }, namespaces);
  if (controller === 'orchestration') return startOrchestrationController({ kubeconfig }, namespaces);
  if (controller !== 'agents') throw new Error(`${controller} is none of: supporting, agents, orchestration`);
  const { 'succeed-after-ms': afterMs, 'retention-ms': retentionMs, 'sweep-ms': sweepMs } = values;
  const script: Script = () => ({ phase: 'Succeeded', afterMs: Number(afterMs) });
  return startAgentsController({ kubeconfig }, namespaces, {
    jobs: values['simulated-jobs'] ? 'simulated' : 'real',
    ...(afterMs !== undefined && { script }),
    ...(image !== undefined && { container: { image } }),
    ...(retentionMs !== undefined && { retentionMs: Number(retentionMs) }),
    ...(sweepMs !== undefined && { sweepMs: Number(sweepMs) }),
  });
}

const standIn = await start(positionals[0]);
console.log(`watching as ${process.pid}`);
process.once('SIGTERM', () => void standIn.stop());
