import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { twinCodes } from '../../scripts/policy-twin.ts';
import { describeNeeding, sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import { useGatedNamespace } from '../support/gated.ts';
import { type Answer, connectCreates, installTwin } from '../support/policy-twin.ts';
import { anySpec } from '../support/twin-specs.ts';

const graphs = Number(process.env['TWIN_GRAPHS'] ?? 500);
/** How many creates are under way at once. */
const WORKERS = 8;
const limits = { 'limits.maxSteps': '7', 'limits.maxDependencies': '3' };
const limitValues = Object.entries(limits).map(([key, value]) => `settings.${key}=${value}`);

describeNeeding(['loopbackWebhooks'], 'the policy for Orchestrations, beside the gate', () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  const gated = useGatedNamespace({ settings: limits, values: ['webhook.timeoutSeconds=30'] });
  let remove: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    await installCrds(cluster, 'agents');
    remove = await installTwin(cluster, { release: 'twin', namespace, values: limitValues });
  });
  afterAll(() => remove?.());

  it(
    `denies what the gate denies, with its code, field and words, of ${graphs} random graphs`,
    async () => {
      const seed = Number(process.env['TWIN_SEED'] ?? Date.now() % 2 ** 31);
      console.log(`TWIN_GRAPHS=${graphs} TWIN_SEED=${seed}`);
      const askTwin = connectCreates(cluster, namespace);
      const askGate = connectCreates(cluster, gated().namespace);
      const disagreements: object[] = [];
      const counts = new Map<string, number>();
      const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
      const compare = async (spec: object | undefined, index: number) => {
        const [twin, gate] = await Promise.all([askTwin(`s${index}`, spec), askGate(`s${index}`, spec)]);
        const expected = wordAsTwin(gate);
        if (expected === undefined) count(gate.status === 201 ? 'allowed by both' : 'denied by the gate alone');
        else count(/\((\w+)\)$/.exec(expected)?.[1] ?? '');
        const isAgreed = twin.denied === expected && twin.status === (expected === undefined ? 201 : 422);
        if (!isAgreed) disagreements.push({ spec, twin, gate });
      };
      const specs = fc.sample(anySpec, { numRuns: graphs, seed }).entries();
      const work = async () => {
        for (const [index, spec] of specs) await compare(spec, index);
      };
      await Promise.all(Array.from({ length: WORKERS }, work));
      console.log(
        `${graphs - disagreements.length} agreements of ${graphs}: ${JSON.stringify(Object.fromEntries(counts))}`,
      );
      expect(disagreements.slice(0, 5)).toEqual([]);
      expect([...counts.keys()]).toEqual(expect.arrayContaining(['allowed by both', ...twinCodes]));
    },
    400_000 + graphs * 300,
  );
});

/** The message of the policy for what the gate said: the first problem, in the order of rules, of a rule that both have. */
function wordAsTwin({ causes }: Answer): string | undefined {
  for (const code of twinCodes) {
    const cause = causes.find(({ reason }) => reason === code);
    if (cause !== undefined) return `${cause.field}: ${shortenMessage(code, cause.message ?? '')} (${code})`;
  }
  return undefined;
}

/** The policy makes no suggestion, and shows no name with a quote, a backslash, or anything but printable ASCII. */
function shortenMessage(code: string, message: string): string {
  if (!['DuplicateStep', 'MissingDependency', 'SelfDependency'].includes(code)) return message;
  const [before, name = '', after] = /^([^"]*)("(?:[^"\\]|\\.)*")?(.*)$/s.exec(message)?.slice(1) ?? [];
  const shown = name === '' || /^"[ !#-[\]-~]*…?"$/.test(name) ? name : '"…"';
  return `${before}${shown}${code === 'MissingDependency' ? '' : after}`;
}
