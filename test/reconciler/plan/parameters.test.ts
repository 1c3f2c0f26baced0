import { describe, expect, test } from 'vitest';
import type { Orchestration } from '../../../src/orchestration/decode.ts';
import { previewChildren } from '../../../src/reconciler/preview.ts';
import { NAMESPACE, ORCHESTRATIONS, REVISIONS, RUNS, resourceOf } from '../../support/model/engine.ts';
import {
  annotate,
  begin,
  childOf,
  end,
  orchestration,
  phasesOf,
  run,
  standingOf,
  suspended,
  tool,
} from '../../support/model/play.ts';

const parameters = {
  version: { required: true, pattern: '^\\d+$' },
  env: { default: 'dev', enum: ['dev', 'prod'] },
};

/** Starts a run with these parameters. By default, it has two steps, and the first is retried once. */
function beginWith(given: Readonly<Record<string, string>>, steps = [tool('a', [], { retries: 1 }), tool('b', ['a'])]) {
  const story = begin(steps, { policies: { parameters }, annotations: suspended });
  story.world.api.patch(RUNS, run, { type: 'merge', body: { spec: { parameters: given } } });
  annotate(story, 'suspend', null);
  return story;
}

/** Changes a default of the Orchestration. */
function redeclare({ world }: ReturnType<typeof begin>, env: object) {
  const body = { spec: { policies: { parameters: { env } } } };
  world.api.patch(ORCHESTRATIONS, orchestration, { type: 'merge', body });
}

describe('the parameters of a run', () => {
  test('that violate the declaration fail it at once with every violation, and nothing is stored', () => {
    const story = beginWith({ env: 'test' });
    expect(standingOf(story)).toBe(
      'Failed, InvalidParameters: 2 parameters are invalid: parameter "version" is required and absent: give it a value; parameter "env" is "test", not one of "dev", "prod"',
    );
    expect(phasesOf(story)).toBe('');
    expect(story.world.api.list(REVISIONS).items).toEqual([]);
  });

  test('that violate it in one place fail it with that sentence', () => {
    expect(standingOf(beginWith({ version: 'v1' }))).toBe(
      'Failed, InvalidParameters: parameter "version" is "v1", which does not match the pattern "^\\\\d+$"',
    );
  });

  test('have the defaults of the snapshot in every child of every attempt', () => {
    const story = beginWith({ version: '1' });
    const wanted = { spec: { parameters: { env: 'dev', version: '1' } } };
    expect(childOf(story, 'a')).toMatchObject(wanted);
    redeclare(story, { default: 'prod' });
    end(story, 'a', 'Failed');
    expect(childOf(story, 'a')).toMatchObject(wanted);
    end(story, 'a', 'Succeeded');
    expect(childOf(story, 'b')).toMatchObject(wanted);
  });

  test('override the defaults, and the step overrides both', () => {
    const story = beginWith({ version: '1', env: 'prod' }, [tool('a', [], { with: { version: '2' } })]);
    expect(childOf(story, 'a')?.['spec']).toMatchObject({ parameters: { env: 'prod', version: '2' } });
  });

  test('reach a nested run with the defaults of its parent', () => {
    const nested = { name: 'inner', kind: 'SubOrchestration', orchestrationRef: { name: 'other' } };
    const story = beginWith({ version: '1' }, [nested]);
    const runs = story.world.api.list(resourceOf('OrchestrationRun')).items;
    expect(runs.find(({ metadata }) => metadata.name !== run.name)?.['spec']).toEqual({
      orchestrationRef: { name: 'other' },
      parameters: { env: 'dev', version: '1' },
    });
  });
});

test('a preview of children has the declared defaults', () => {
  const previewed: Orchestration = { name: 'o', namespace: NAMESPACE, policies: { parameters }, steps: [tool('a')] };
  const [preview] = previewChildren(previewed, NAMESPACE, { version: '1' });
  expect(preview?.child).toMatchObject({ spec: { parameters: { env: 'dev', version: '1' } } });
});

test('a preview of children has the values that are known before a run, and leaves the other placeholders', () => {
  const text = '${{ parameters.version }} ${{ steps.a.outputs.x }} ${{ run.namespace }} ${{ run.name }}';
  const steps = [tool('a'), tool('b', ['a'], { with: { text } })];
  const [, preview] = previewChildren({ name: 'o', namespace: NAMESPACE, policies: {}, steps }, NAMESPACE, {
    version: '1',
  });
  expect(preview?.child).toMatchObject({
    spec: { parameters: { text: `1 \${{ steps.a.outputs.x }} ${NAMESPACE} \${{ run.name }}` } },
  });
});
