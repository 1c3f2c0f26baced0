import { readValue } from '../graph/search.ts';
import { usePage } from '../page-state.ts';
import { Facts, Texts } from '../parts.tsx';
import type { ValueQuery } from '../protocol.ts';
import { StepLink } from './step-overview.tsx';
import type { StepProps } from './step-panel.tsx';

/** What the step is given, what it reads from other steps, and what it hands on. */
export function StepData(props: StepProps) {
  const { shown, picture, index } = props;
  const { route, store, api } = usePage();
  const box = picture.boxes[index];
  const reads = picture.edges.filter(({ to, reads: names }) => to === index && names.length > 0);
  const readWhole = (of: ValueQuery['of']) => async (name: string) => {
    const query = { namespace: store.context.value?.namespace ?? '', run: route.value.selected?.name ?? '', of, name };
    const answer = await api.readValue({ ...query, step: box?.name ?? '' });
    return typeof answer === 'string' ? answer : answer.failure;
  };
  return (
    <>
      <Texts title="Inputs" texts={box?.inputs} onWhole={readWhole('inputs')} />
      {reads.length > 0 ? <h3>Reads</h3> : undefined}
      {reads.map(({ from, reads: names }) => (
        <div key={from}>
          <StepLink {...props} index={from} />
          <Facts
            facts={names.map((name) => [
              name,
              <bdi key={name}>{readValue(shown.steps.get(from), name) ?? 'not known'}</bdi>,
            ])}
          />
        </div>
      ))}
      <Texts title="Outputs" texts={shown.steps.get(index)?.outputs} onWhole={readWhole('outputs')} />
    </>
  );
}
