import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import fastify from 'fastify';
import { createGateMetrics } from '../../src/runtime/gate-metrics.ts';
import { createLogger } from '../../src/runtime/log.ts';
import { loadPair } from '../../src/tls/files.ts';

/**
 * A program that allows every review without looking at it. It shows the least that any webhook on Fastify costs.
 * Unless `silent`, it writes the gate's line of log and counts the gate's metrics.
 */

interface Review {
  readonly request: {
    readonly uid: string;
    readonly kind: { readonly kind: string };
    readonly name: string;
    readonly namespace: string;
    readonly operation: string;
    readonly dryRun: boolean;
  };
}

const { values } = parseArgs({
  options: { port: { type: 'string' }, 'tls-dir': { type: 'string' }, silent: { type: 'boolean', default: false } },
});
const loaded = await loadPair(values['tls-dir'] ?? '');
if (!loaded.ok) throw new Error(loaded.reason);
const { certificatePem: cert, privateKeyPem: key } = loaded.pair;

const log = createLogger({ level: 'info' });
const metrics = createGateMetrics();
const webhook = 'validate';
const verdict = 'allowed';
const app = fastify({ bodyLimit: 7 * 1024 * 1024, https: { cert, key, minVersion: 'TLSv1.2' } });

app.post<{ Body: Review }>('/validate', ({ body: { request } }, reply) => {
  const start = performance.now();
  if (!values.silent) metrics.startReview();
  const { uid } = request;
  const response = { uid, allowed: true };
  reply.send({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response });
  if (!values.silent) report(request, performance.now() - start);
  return reply;
});

function report(
  { uid, kind: { kind }, name, namespace, operation, dryRun: isDryRun }: Review['request'],
  durationMs: number,
) {
  metrics.finishReview({ webhook, operation, verdict, isDryRun, durationSeconds: durationMs / 1000 });
  log.info({ webhook, uid, kind, namespace, name, operation, isDryRun, verdict, codes: [], durationMs }, 'review');
  metrics.endReview();
}

await app.listen({ port: Number(values.port), host: '127.0.0.1' });
