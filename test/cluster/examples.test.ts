import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { describeNeeding, startOwnControlPlane } from '../support/controlplane/suite.ts';
import { readOutlines } from '../support/crd-outline.ts';
import { LACKS_UPSTREAM, UPSTREAM_EXAMPLES } from '../support/upstream.ts';

const root = join(import.meta.dirname, '../..');

for (const crds of ['charts/orchestration-gate-crds/templates', 'test/fixtures/agents-crds']) {
  describeNeeding(['ownControlPlane'], `an API server with ${crds}`, () => {
    let plane: ControlPlane;
    let kinds: readonly string[];

    beforeAll(async () => {
      plane = await startOwnControlPlane();
      for (const verb of [['create'], ['wait', '--for=condition=Established']]) {
        expect(await plane.kubectl([...verb, '-f', join(root, crds)])).toMatchObject({ code: 0 });
      }
      kinds = [...(await readOutlines(join(root, crds))).values()].map(({ identity }) => identity.kind);
    });
    afterAll(() => plane?.stop());

    it.for([
      ['examples', join(root, 'examples')],
      ['examples/warned', join(root, 'examples/warned')],
      ['the examples of the agents chart', UPSTREAM_EXAMPLES],
    ] as const)('takes what it knows of %s', async ([, folder], ctx) => {
      if (!existsSync(folder)) return ctx.skip(LACKS_UPSTREAM);
      const items = await readManifests(folder, kinds);
      const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
      const dryRun = ['create', '--dry-run=server', '--validate=strict', '-o', 'name', '-f', '-'];
      const { stdout, stderr } = await plane.kubectl(dryRun, { input: list });
      expect({ stderr, taken: stdout.split('\n').length - 1 }).toEqual({ stderr: '', taken: items.length });
    });
  });
}

/** The objects of these kinds in a folder's YAML files. */
async function readManifests(folder: string, kinds: readonly string[]): Promise<object[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml'));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  const objects = texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS()));
  return objects.filter(({ kind }) => kinds.includes(kind));
}
