import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkCrdChart, writeCrdChart } from '../../scripts/crd-chart.ts';
import { type CrdOutline, type Place, readOutlines } from '../support/crd-outline.ts';
import { LACKS_UPSTREAM, UPSTREAM_CRDS } from '../support/upstream.ts';

const root = join(import.meta.dirname, '../..');
const chart = 'charts/orchestration-gate-crds';
const fixtures = join(root, 'test/fixtures/agents-crds');

describe('the CRD chart', () => {
  let copy: string;

  beforeEach(async () => {
    copy = await mkdtemp(join(tmpdir(), 'crds-'));
    await cp(join(root, chart), join(copy, chart), { recursive: true });
  });
  afterEach(() => rm(copy, { recursive: true }));

  const edit = async (file: string, from: string | RegExp, to: string) => {
    const path = join(copy, chart, file);
    await writeFile(path, (await readFile(path, 'utf8')).replace(from, to));
  };

  it('holds what the schema gives', async () => {
    expect(await checkCrdChart(root)).toEqual([]);
  });

  it('detects an edit by hand, and shows where; generating fixes it', async () => {
    await edit('templates/orchestrations.yaml', 'type: boolean', 'type: string');
    expect(await checkCrdChart(copy)).toEqual([
      expect.stringMatching(/orchestrations\.yaml:\d+ is not .*: run make generate\n {2}- +type: string\n/),
    ]);
    expect(await writeCrdChart(copy)).toEqual([]);
    expect(await checkCrdChart(copy)).toEqual([]);
  });
});

describe.each([
  ['the fixtures', fixtures],
  ['the agents chart itself', UPSTREAM_CRDS],
])('beside the CRDs of %s, ours', (_title, folder) => {
  it('take every object that those take, but for the types of the fields that ours add', async (ctx) => {
    if (!existsSync(folder)) return ctx.skip(LACKS_UPSTREAM);
    const theirs = await readOutlines(folder);
    const ours = await readOutlines(join(root, chart, 'templates'));
    expect([...ours.keys()].sort()).toEqual([
      'orchestrationruns.orchestration.proompteng.ai',
      'orchestrations.orchestration.proompteng.ai',
    ]);
    const added = [];
    for (const [name, our] of ours) {
      const their = get(theirs, name);
      expect(our.identity).toEqual(their.identity);
      expect(differing(their, our, isNoStricter)).toEqual([]);
      added.push(...[...our.places].filter(([path]) => !their.places.has(path)));
    }
    expect(added).toEqual([
      ['spec.steps[].continueOnFailure', { type: 'boolean', isPreserved: false, required: [], limits: {} }],
      [
        'spec.steps[].pendingTimeoutSeconds',
        { type: 'integer', isPreserved: false, required: [], limits: { format: 'int32' } },
      ],
      ['spec.steps[].approvers', { type: 'object', isPreserved: true, required: [], limits: {} }],
      [
        'spec.steps[].approvers.count',
        { type: 'integer', isPreserved: false, required: [], limits: { format: 'int32' } },
      ],
      ['spec.steps[].approvers.notCreator', { type: 'boolean', isPreserved: false, required: [], limits: {} }],
      ['spec.steps[].runIf', { type: 'string', isPreserved: false, required: [], limits: {} }],
      ['spec.steps[].when', { type: 'string', isPreserved: false, required: [], limits: {} }],
      ['spec.steps[].outputs', { type: 'object', isPreserved: false, required: [], limits: {} }],
      ['spec.steps[].outputs{}', { type: 'string', isPreserved: false, required: [], limits: {} }],
    ]);
  });
});

describe('the fixtures', () => {
  /** The fields of an AgentRun that no step sets, and those that only the agents controller writes. */
  const leftOut =
    /^spec\.(systemPrompt|implementation\.inline\.|workflow\.steps\[]\.|workload\.volumes)|^status\.(artifacts|contract|runner|runtimeRef|specHash|systemPromptHash|vcs|workflow)/;

  it('are as the CRDs of the agents chart', async (ctx) => {
    if (!existsSync(UPSTREAM_CRDS)) return ctx.skip(LACKS_UPSTREAM);
    const theirs = await readOutlines(UPSTREAM_CRDS);
    const own = await readOutlines(fixtures);
    expect([...own.keys()].sort()).toEqual([...theirs.keys()].sort());
    for (const [name, fixture] of own) {
      const their = get(theirs, name);
      expect(fixture.identity).toEqual(their.identity);
      expect(differing(fixture, their, isSame)).toEqual([]);
      const missing = [...their.places.keys()].filter((path) => !fixture.places.has(path));
      expect(missing.filter((path) => !name.startsWith('agentruns.') || !leftOut.test(path))).toEqual([]);
    }
  });
});

/** The paths of `left` at which `right` has nothing that fits. */
function differing(left: CrdOutline, right: CrdOutline, fits: (left: Place, right: Place) => boolean): string[] {
  const doesNotFit = ([path, place]: [string, Place]) => {
    const other = right.places.get(path);
    return other === undefined || !fits(place, other);
  };
  return [...left.places].filter(doesNotFit).map(([path]) => path);
}

/** Whether our place accepts every value that their place accepts, and keeps as much of it. */
function isNoStricter(their: Place, our: Place): boolean {
  return (
    our.type === their.type &&
    our.isPreserved === their.isPreserved &&
    our.required.every((field) => their.required.includes(field)) &&
    Object.entries(our.limits).every(([keyword, limit]) => isDeepStrictEqual(limit, their.limits[keyword]))
  );
}

/** A fixture may have fewer CEL rules, because some rules are about fields that it leaves out. */
function isSame(fixture: Place, their: Place): boolean {
  const { rules = [], ...limits } = fixture.limits as { rules?: string[] };
  const { rules: theirRules = [], ...theirLimits } = their.limits as { rules?: string[] };
  return (
    isDeepStrictEqual({ ...fixture, limits }, { ...their, limits: theirLimits }) &&
    rules.every((rule) => theirRules.includes(rule))
  );
}

function get(outlines: ReadonlyMap<string, CrdOutline>, name: string): CrdOutline {
  const outline = outlines.get(name);
  if (outline === undefined) throw new Error(`no CRD is named ${name}`);
  return outline;
}
