import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the older chart. */
    oldChart: string;
    /** The image that the older chart installs, as `name:tag` or `name@digest`. */
    oldImage: string;
  }
}

/** Reads what the older version is. Called by vitest. */
export function setup(project: TestProject): void {
  const { OLD_CHART: oldChart = '', OLD_IMAGE: oldImage = '' } = process.env;
  if (!existsSync(join(oldChart, 'Chart.yaml')) || !/[:@]/.test(oldImage))
    throw new Error(
      `OLD_CHART is ${JSON.stringify(oldChart)} and OLD_IMAGE is ${JSON.stringify(oldImage)}: ` +
        'name the folder of an older chart, and its image as name:tag.',
    );
  project.provide('oldChart', oldChart);
  project.provide('oldImage', oldImage);
}
