import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { runHelm } from '../charts.ts';

/** Where an image is published: `ghcr.io/owner/name`, and the digest of its index. */
export interface PublishedImage {
  readonly repository: string;
  readonly digest: string;
}

/** A chart as it is published. */
export interface StagedChart {
  /** The folder that holds the folder of the chart, and nothing else. */
  readonly parent: string;
  readonly folder: string;
  /** As `helm package` names it. */
  readonly fileName: string;
}

const LOCAL = 'repository: localhost/orchestration-gate';

/**
 * Copies a chart of the repository to `scratch`. Its default image becomes the published one. Helm checks the copy.
 */
export async function stageChart(
  folder: string,
  scratch: string,
  { helm, image }: { readonly helm: string; readonly image: PublishedImage },
): Promise<StagedChart> {
  const name = basename(folder);
  const parent = join(scratch, `chart-${name}`);
  const target = join(parent, name);
  await mkdir(parent);
  await cp(folder, target, { recursive: true, filter: (path) => !/\/(ci|argocd)$/.test(path) });
  const values = join(target, 'values.yaml');
  const published = `repository: ${image.repository}`;
  await writeFile(
    values,
    (await readFile(values, 'utf8')).replace(LOCAL, published).replace("digest: ''", `digest: ${image.digest}`),
  );
  const { output, isDone } = await runHelm(parent, helm, ['lint', '--strict', '--quiet', name]);
  if (!isDone) throw new Error(output);
  const chart = parse(await readFile(join(target, 'Chart.yaml'), 'utf8')) as { name: string; version: string };
  return { parent, folder: target, fileName: `${chart.name}-${chart.version}.tgz` };
}

const HEADER = `# orchestration-gate for people without Helm, into the namespace orchestration-gate:
#   kubectl apply --server-side -f install.yaml
# It judges the Orchestrations of that namespace, and executes nothing. The chart has more settings.
apiVersion: v1
kind: Namespace
metadata:
  name: orchestration-gate
`;

/** Renders staged charts, the CRDs first, into one manifest. Hooks, which only Helm runs, are left out. */
export async function renderManifest(charts: readonly StagedChart[], helm: string): Promise<string> {
  const rendered: string[] = [];
  for (const { parent, folder } of charts) {
    const options = ['--namespace', 'orchestration-gate', '--no-hooks', '--kube-version', '1.36.0'];
    const { output, isDone } = await runHelm(parent, helm, ['template', 'orchestration-gate', folder, ...options]);
    if (!isDone) throw new Error(output);
    rendered.push(output.trimStart());
  }
  return [HEADER, ...rendered].join('');
}
