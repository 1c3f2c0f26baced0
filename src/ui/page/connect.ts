import { computed, effect, untracked } from '@preact/signals';
import { writeUrl } from './api.ts';
import type { PageState } from './page-state.ts';
import type { EntryKey, Message, StreamQuery } from './protocol.ts';
import { createReceiver, forget, keyOf } from './store.ts';
import { followServer } from './stream.ts';

/**
 * Follows the server: one stream for each namespace, in which the page selects one object after another.
 */
export function connect(page: PageState, token: string): void {
  const { store, route, api } = page;
  const receive = createReceiver(store);
  /** The last selection that was sent to the server. */
  let told = '';

  const writeKey = (selected: EntryKey | undefined) => (selected === undefined ? '' : keyOf(selected));
  const url = () => {
    const { namespace, selected } = route.peek();
    told = writeKey(selected);
    const query: StreamQuery = { ...(namespace !== undefined && { namespace }), ...selected };
    return writeUrl('/api/events', query);
  };

  const namespace = computed(() => route.value.namespace);
  effect(() => {
    void namespace.value;
    forget(store);
    return untracked(() =>
      followServer<Message>({
        url,
        token,
        onMessage: receive,
        onLink: (link) => {
          store.link.value = link;
        },
      }),
    );
  });
  effect(() => {
    const { selected } = route.value;
    const { stream } = store.context.value ?? {};
    if (stream === undefined || told === writeKey(selected)) return;
    told = writeKey(selected);
    void api.select({ stream, selected: selected ?? null });
  });
}
