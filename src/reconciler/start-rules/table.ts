import { dependencies } from './dependencies.ts';
import { inputs } from './inputs.ts';
import { maxParallel } from './max-parallel.ts';
import type { StartRule } from './rule.ts';
import { suspend } from './suspend.ts';
import { when } from './when.ts';

/**
 * Every rule on when a step starts. The first rule that does not let it start decides. To add a rule, add a module and
 * a row.
 */
export const startRules: readonly StartRule[] = [dependencies, suspend, when, inputs, maxParallel];
