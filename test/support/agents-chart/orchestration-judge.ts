/** A step as it is written. The stand-in checks only what the real controller checks. */
export interface Step {
  readonly name: string;
  readonly kind: string;
  readonly dependsOn?: readonly string[];
  readonly retries?: number;
  readonly retryBackoffSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly with?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface Invalidity {
  readonly reason: 'InvalidSpec' | 'EntrypointMissing';
  readonly message: string;
}

/** The first mistake of an Orchestration, of the few that are looked for when it is written. */
export function judgeSpec(spec: {
  readonly steps?: readonly Step[];
  readonly entrypoint?: string;
}): Invalidity | undefined {
  const steps = spec.steps ?? [];
  if (steps.length === 0) return { reason: 'InvalidSpec', message: 'spec.steps is empty' };
  const names = steps.map(({ name }) => name);
  const double = names.find((name, index) => names.indexOf(name) !== index);
  if (double !== undefined) return { reason: 'InvalidSpec', message: `duplicate step ${double}` };
  if (spec.entrypoint && !names.includes(spec.entrypoint))
    return { reason: 'EntrypointMissing', message: `entrypoint ${spec.entrypoint} not found` };
  return undefined;
}

/** What is found only when a run starts: a dependency that is no step, or a cycle. */
export function judgeGraph(steps: readonly Step[]): Invalidity | undefined {
  let open = [...steps];
  for (;;) {
    const ready = open.filter(
      ({ dependsOn = [] }) => !dependsOn.some((name) => open.some((step) => step.name === name)),
    );
    const stray = ready.find(({ dependsOn = [] }) =>
      dependsOn.some((name) => !steps.some((step) => step.name === name)),
    );
    if (stray !== undefined) return { reason: 'InvalidSpec', message: `step ${stray.name} has an unknown dependency` };
    if (open.length === 0) return undefined;
    if (ready.length === 0) return { reason: 'InvalidSpec', message: 'dependency cycle' };
    open = open.filter((step) => !ready.includes(step));
  }
}
