import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Look } from './looks.ts';
import { printable } from './names.ts';
import type { NamedText } from './protocol.ts';

/** The shape of a look. The word next to it says the same, so screen readers ignore the shape. */
export function Icon({ look: { name, shape } }: { readonly look: Pick<Look, 'name' | 'shape'> }) {
  return (
    <svg class={`icon ${name}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={shape} />
    </svg>
  );
}

/** A phase, with its color and its shape. */
export function Chip({ look, word = look.word }: { readonly look: Look; readonly word?: string }) {
  return (
    <span class={`chip ${look.name}`}>
      <Icon look={look} />
      {word}
    </span>
  );
}

/** A name that somebody else has chosen. It cannot change the direction of the text around it. */
export function Name({ of }: { readonly of: string }) {
  return <bdi>{printable(of)}</bdi>;
}

/** A sentence from the server. Names in it cannot change its direction. */
export function Sentence({ of }: { readonly of: string }) {
  return (
    <span dir="ltr" class="sentence">
      {of}
    </span>
  );
}

/** A link that looks and works as a tab. The tab is in the URL, so it is a link. */
export interface Tab {
  readonly id: string;
  readonly label: string;
  readonly href: string;
  readonly count?: number;
}

/** A row of tabs. */
export function Tabs({ label, tabs, current }: { label: string; tabs: readonly Tab[]; current: string }) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(({ id, label: word, href, count }) => (
        <a key={id} href={href} class="tab" aria-current={id === current ? 'page' : undefined}>
          {word}
          {count === undefined ? undefined : <span class="count">{count.toLocaleString('en')}</span>}
        </a>
      ))}
    </nav>
  );
}

/** A button that copies a text, and says whether that worked. */
export function Copy({ text, label = 'Copy' }: { readonly text: string | (() => string); readonly label?: string }) {
  const word = useSignal('');
  useEffect(() => {
    if (word.value === '') return undefined;
    const timer = setTimeout(() => {
      word.value = '';
    }, 2_000);
    return () => clearTimeout(timer);
  }, [word.value]);
  const copy = () =>
    navigator.clipboard.writeText(typeof text === 'string' ? text : text()).then(
      () => {
        word.value = 'Copied';
      },
      () => {
        word.value = 'Copy failed';
      },
    );
  return (
    <button type="button" class="small" onClick={() => void copy()}>
      <span aria-live="polite">{word.value || label}</span>
    </button>
  );
}

/** A line for kubectl. */
export function Command({ command }: { readonly command: string }) {
  return (
    <div class="command">
      <code>{command}</code>
      <Copy text={command} />
    </div>
  );
}

/** Names with their values. Names without a value are left out. */
export function Facts({ facts }: { readonly facts: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== undefined && value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

export interface TextsProps {
  readonly title: string;
  readonly texts: readonly NamedText[] | undefined;
  /** Reads the whole of a value that is cut. */
  readonly onWhole: (name: string) => Promise<string>;
}

/** Named texts under a heading. Without texts, there is no heading. */
export function Texts({ title, texts = [], onWhole }: TextsProps) {
  if (texts.length === 0) return null;
  return (
    <section class="texts">
      <h3>{title}</h3>
      <dl>
        {texts.map((text) => (
          <NamedValue key={text.name} text={text} onWhole={onWhole} />
        ))}
      </dl>
    </section>
  );
}

function NamedValue({ text, onWhole }: { text: NamedText; onWhole: TextsProps['onWhole'] }) {
  const whole = useSignal<string | undefined>(undefined);
  const value = whole.value ?? text.value;
  const readWhole = async () => {
    whole.value = await onWhole(text.name);
  };
  return (
    <div>
      <dt>
        <Name of={text.name} />
        <Copy text={value} />
      </dt>
      <dd class="value">
        <bdi>{value}</bdi>
        {text.isCut && whole.value === undefined ? (
          <button type="button" class="small" onClick={() => void readWhole()}>
            Show all of it
          </button>
        ) : undefined}
      </dd>
    </div>
  );
}
