type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
type Child = Node | string | undefined;

const SVG = 'http://www.w3.org/2000/svg';

/** Creates an HTML element. Text stays text: neither this function nor the rest of the page turns text into markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  return fill(document.createElement(tag), attributes, children);
}

/** Creates an SVG element. */
export function drawn<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Tag] {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill<Kind extends Element>(made: Kind, attributes: Attributes, children: readonly Child[]): Kind {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** Draws the shape of a look as an icon in text. */
export function icon({ name, shape }: { readonly name: string; readonly shape: string }): SVGSVGElement {
  return drawn(
    'svg',
    { class: `icon ${name}`, viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    drawn('path', { d: shape }),
  );
}

/** Returns the element with this id. page.html must have it. */
export function part(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/** Replaces the children of `place` with `nodes`. Children that are equal stay, and the focus is kept. */
export function redraw(place: HTMLElement, nodes: readonly Node[]): void {
  const reachable = () => [...place.querySelectorAll<HTMLElement>('a, button')];
  const focused = reachable().indexOf(document.activeElement as HTMLElement);
  for (const [index, node] of nodes.entries()) {
    const old = place.childNodes[index];
    if (old === undefined) place.append(node);
    else if (!old.isEqualNode(node)) place.replaceChild(node, old);
  }
  while (place.childNodes.length > nodes.length) place.lastChild?.remove();
  if (focused >= 0 && !place.contains(document.activeElement)) reachable()[focused]?.focus({ preventScroll: true });
}
