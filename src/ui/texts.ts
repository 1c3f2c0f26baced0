import { displayName, displayText } from '../dag/display.ts';
import { cutMessage } from '../orchestration/messages.ts';
import type { NamedText } from './page/protocol.ts';

/** Returns values by their names as the page shows them: printable, and cut. */
export function viewTexts(values: Readonly<Record<string, string>>): readonly NamedText[] {
  return Object.entries(values).map(([name, value]) => viewText(displayName(name), value));
}

/** Cuts a value. The name is printable. */
export function viewText(name: string, value: string): NamedText {
  const cut = cutMessage(value);
  return { name, value: displayText(cut), ...(cut !== value && { isCut: true }) };
}

/**
 * Returns the name of an object for the page. A valid name stays whole, because links need it. Any other name is made
 * safe to show.
 */
export function viewName(name: string): string {
  return /^[a-zA-Z0-9.-]{1,253}$/.test(name) ? name : displayName(name);
}
