import { dependencies } from './dependencies.ts';
import { maxParallel } from './max-parallel.ts';
import type { StartRule } from './rule.ts';
import { suspend } from './suspend.ts';

/**
 * Every rule on when a step starts. The first rule that does not let it start decides. To add a rule, add a module and
 * a row.
 */
export const startRules: readonly StartRule[] = [dependencies, suspend, maxParallel];
