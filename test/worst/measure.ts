import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Cost } from './answer.ts';
import { makeBody, type Recipe } from './bodies.ts';

const program = join(import.meta.dirname, 'answer.ts');

/** Answers the body in a process of its own, with the flags of V8 that are given, and returns what that cost. */
export async function measure(recipe: Recipe, flags: readonly string[]): Promise<Cost> {
  const child = spawn(process.execPath, [...flags, program, recipe.webhook], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => {}).end(makeBody(recipe));
  const [output, [code, signal]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new Error(`${JSON.stringify(recipe)} was not answered: exit ${code ?? signal}`);
  return JSON.parse(output) as Cost;
}

/** A line: the recipe, and what it cost. */
export function describeCost(recipe: Recipe, cost: Cost): string {
  const { webhook, kind, operation, bytes, steps, parts } = recipe;
  const { baseMebibytes, parsedMebibytes, peakMebibytes, parseMs, decideMs, verdict } = cost;
  const round = Math.round;
  return (
    `${round(decideMs)} ms and ${round(peakMebibytes - parsedMebibytes)} MiB to decide, after ${round(parseMs)} ms and ` +
    `${round(parsedMebibytes - baseMebibytes)} MiB to parse ${(bytes / 1e6).toFixed(1)} MB: ${webhook} ${operation} of ` +
    `${kind}, ${steps} steps, ${parts.map(({ place, filler, most }) => `${filler}≤${most} in ${place}`).join(' and ')}: ${verdict}`
  );
}
