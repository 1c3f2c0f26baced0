/**
 * A Pepr module that refuses what the gate refuses: the rules, and the sentences, are the gate's own, so that what differs
 * is what carries them. Pepr takes its certificate and the token in its paths from the environment.
 */
import { a, Capability, PeprModule, RegisterKind } from 'pepr';
import { judgeOrchestration } from '../../../src/orchestration/judge.ts';
import { GROUP, VERSION } from '../../../src/orchestration/schema.ts';

class Orchestration extends a.GenericKind {}
RegisterKind(Orchestration, { group: GROUP, version: VERSION, kind: 'Orchestration' });

const graphs = new Capability({ name: 'graphs', description: 'Refuses graphs that can never run' });
graphs
  .When(Orchestration)
  .IsCreatedOrUpdated()
  .Validate((request) => {
    const { denials } = judgeOrchestration(request.Raw);
    if (denials.length === 0) return request.Approve();
    return request.Deny(denials.map(({ field, message }) => `${field}: ${message}`).join('; '), 422);
  });

// The settings that `pepr init` writes.
const settings = { uuid: 'bench', onError: 'reject', webhookTimeout: 10, alwaysIgnore: { namespaces: [] } };
const module = new PeprModule({ description: 'bench', pepr: settings }, [graphs], { deferStart: true });
module.start(Number(process.env.PEPR_PORT));
