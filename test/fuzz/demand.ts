import { withoutEmoji } from '../support/steps.ts';

/** Throws if something that a fuzzer checks is not so. */
export function demand(isSo: boolean, wanted: string): asserts isSo {
  if (!isSo) throw new Error(`expected ${wanted}`);
}

/** Whether terminals and logs can show a message: it is one line, and nothing in it acts on them. */
export function isLine(message: string): boolean {
  return message !== '' && message.length <= 700 && !/[\p{C}\p{Zl}\p{Zp}]/u.test(withoutEmoji(message));
}
