import { buildDocumentSchema } from '../src/orchestration/json-schema.ts';
import { findDrift, type GeneratedFile, writeGenerated } from './drift.ts';

/** The path is stable, because the editors of other people refer to it. */
const PATH = 'schemas/orchestration.schema.json';

/** Returns a sentence if the JSON Schema for editors differs from what the schema and the step kinds give. */
export async function checkJsonSchema(root: string): Promise<readonly string[]> {
  return findDrift(root, [renderJsonSchema()], 'make generate');
}

/** Writes the JSON Schema for editors. Returns no mistakes. */
export async function writeJsonSchema(root: string): Promise<readonly string[]> {
  return writeGenerated(root, [renderJsonSchema()]);
}

function renderJsonSchema(): GeneratedFile {
  return { path: PATH, content: `${JSON.stringify(buildDocumentSchema(), null, 2)}\n` };
}
