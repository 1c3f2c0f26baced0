import { decideMutation } from '../../src/admission/decide.ts';
import type { PatchOperation } from '../../src/admission/patch.ts';
import { decodeReview } from '../../src/admission/review.ts';
import { defaultSettings } from '../../src/orchestration/settings.ts';
import { applyPatch } from '../support/patches.ts';
import type { Reply } from '../support/server.ts';
import { withoutEmoji } from '../support/steps.ts';
import { expectAnswer } from './expected.ts';
import type { FuzzInput } from './reviews.ts';

export type Outcome = 'allow' | 'deny' | 'patch' | 'reject';

export type Send = (path: string, body: string | Buffer) => Promise<Reply>;

/** Sends a review and compares the answer with what it must be; throws if they differ. */
export async function checkAnswer(input: FuzzInput, send: Send): Promise<Outcome> {
  const parsed = parse(input.body);
  const expected = expectAnswer(parsed, input);
  const { status, body } = await send(`/${input.webhook}?timeout=30s`, input.body);
  if (expected.verdict === 'reject') {
    demand(status >= 400 && status < 500 && typeof body.message === 'string', 'a 4xx and a sentence', { status, body });
    return 'reject';
  }
  const { response } = body;
  demand(
    status === 200 && body.apiVersion === 'admission.k8s.io/v1' && body.kind === 'AdmissionReview',
    'a review',
    body,
  );
  demand(response?.uid === expected.uid, 'the uid that was asked', body);
  demand(response?.allowed === (expected.verdict === 'allow'), expected.verdict, body);
  demand(isSafe(response), 'printable lines of bounded length', body);
  if (expected.graph) checkGraph(expected.graph, response);
  if (response?.patch === undefined) return expected.verdict;
  demand(input.webhook === 'mutate' && response.patchType === 'JSONPatch', 'no patch', body);
  checkPatch(parsed as Review, JSON.parse(Buffer.from(response.patch, 'base64').toString()));
  return 'patch';
}

type Response = Reply['body']['response'];

/** What terminals and log viewers show must be one line, and nothing in it may act on them. */
function isSafe(response: Response): boolean {
  const { status, warnings = [] } = response ?? {};
  const causes = status?.details?.causes ?? [];
  const lines = [status?.message ?? '', ...warnings, ...causes.flatMap(({ field, message }) => [field, message])];
  const isPrintable = lines.every((line) => !/[\p{C}\p{Zl}\p{Zp}]/u.test(withoutEmoji(line)));
  const isShort = (status?.message.length ?? 0) <= 1000 && warnings.every((warning) => warning.length <= 256);
  return isPrintable && isShort && warnings.length <= 10;
}

function checkGraph(expected: readonly string[], response: Response): void {
  const told = (response?.status?.details?.causes ?? []).map(({ reason, field }) =>
    reason === 'DependencyCycle' ? reason : `${reason} ${field}`,
  );
  demand(`${told.toSorted()}` === `${expected.toSorted()}`, `the problems ${expected}`, told);
}

type Review = { readonly request: { readonly operation: string; readonly object: unknown } };

/** A patch can be applied, needs no second one, and changes no verdict on what is created. */
function checkPatch({ request, ...rest }: Review, operations: PatchOperation[]): void {
  const patched = { ...rest, request: { ...request, object: applyPatch(request.object, operations) } };
  const again = decodeReview(patched).request;
  demand(again && decideMutation(again, defaultSettings).response.patch === undefined, 'no second patch', operations);
  if (request.operation !== 'CREATE') return;
  const [before, after] = [{ ...rest, request }, patched].map(
    (review) => expectAnswer(review, { webhook: 'validate', mode: 'enforce' }).verdict,
  );
  demand(before === after, `the verdict ${before} on what was patched`, operations);
}

function demand(isSo: boolean | undefined, wanted: string, found: unknown): void {
  if (!isSo) throw new Error(`expected ${wanted}, found ${JSON.stringify(found)}`);
}

function parse(body: FuzzInput['body']): unknown {
  try {
    return JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
