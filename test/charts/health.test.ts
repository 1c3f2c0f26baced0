import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LuaEngine, LuaFactory, LuaLibraries } from 'wasmoon';
import { parse } from 'yaml';
import type { StoredObject } from '../../src/objects/object.ts';
import { defaultPolicy } from '../../src/orchestration/judge.ts';
import type { RunStatus } from '../../src/orchestration/run-status.ts';
import { judgeStatus } from '../../src/reconciler/orchestration-status.ts';
import { summarise, writeStatus } from '../../src/reconciler/summary.ts';

const folder = join(
  import.meta.dirname,
  '../../charts/orchestration-gate/argocd/resource_customizations/orchestration.proompteng.ai',
);
const read = (path: string) => readFileSync(join(folder, path), 'utf8');

interface HealthTest {
  readonly healthStatus: { readonly status: string; readonly message: string };
  readonly inputPath: string;
}

describe.each(['Orchestration', 'OrchestrationRun'])('health.lua of %s', (kind) => {
  const { tests } = parse(read(`${kind}/health_test.yaml`)) as { tests: readonly HealthTest[] };
  let lua: LuaEngine;

  beforeAll(async () => {
    // If useOpenLibs is not set, Argo CD opens no string, io or debug library. Its os library has only the time, which
    // the scripts do not use.
    lua = await new LuaFactory().createEngine({ openStandardLibs: false, enableProxy: false, injectObjects: false });
    for (const library of [LuaLibraries.Base, LuaLibraries.Table]) lua.global.loadLibrary(library);
  });
  afterAll(() => lua.global.close());

  it.each(tests.map((test) => [basename(test.inputPath, '.yaml'), test] as const))('judges %s', async (_name, test) => {
    lua.global.set('obj', parse(read(join(kind, test.inputPath))));
    expect(await lua.doString(read(`${kind}/health.lua`))).toEqual(test.healthStatus);
  });

  it('has a test for each fixture', () => {
    const fixtures = globSync(`${kind}/testdata/*.yaml`, { cwd: folder });
    expect(tests.map(({ inputPath }) => join(kind, inputPath)).sort()).toEqual(fixtures.sort());
    expect(dirname(fixtures[0] ?? '')).toBe(`${kind}/testdata`);
  });
});

describe('a fixture of Argo CD', () => {
  const fixtures = (kind: string) =>
    globSync(`${kind}/testdata/*.yaml`, { cwd: folder })
      .map((path) => [basename(path, '.yaml'), parse(read(path)) as StoredObject] as const)
      .filter(([, object]) => object['status'] !== undefined);

  it.each(fixtures('Orchestration').filter(([name]) => !['outdated', 'of-the-agents-chart'].includes(name)))(
    'says of the Orchestration %s what the reconciler says',
    (_name, object) => {
      expect(object['status']).toMatchObject(judgeStatus(object, defaultPolicy));
    },
  );

  it.each(fixtures('OrchestrationRun').filter(([name]) => !['pending', 'quarantined'].includes(name)))(
    'says of the run %s what the reconciler says',
    (_name, object) => {
      const status = object['status'] as RunStatus;
      const standing = summarise({ statuses: status.stepStatuses }, object.metadata.annotations?.[SUSPEND] === 'true');
      const { phase, conditions } = writeStatus(
        status,
        standing,
        { stepStatuses: status.stepStatuses },
        status.updatedAt ?? '',
      );
      expect({ phase, conditions }).toEqual({ phase: status.phase, conditions: status.conditions });
    },
  );
});

const SUSPEND = 'orchestration.proompteng.ai/suspend';
