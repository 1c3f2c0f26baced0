import { useSignal } from '@preact/signals';
import { stateOf } from './connection.ts';
import { usePage } from './page-state.ts';
import { Sentence } from './parts.tsx';
import { formatAge } from './time.ts';

/** The name of the page, the cluster, the namespace, and whether the page is up to date. */
export function Header() {
  const { store } = usePage();
  const { context, isReadOnly } = store.context.value ?? {};
  return (
    <header class="top">
      <span class="brand">
        <img src="/icon.svg" alt="" width="20" height="20" />
        <span>orchestration-gate</span>
      </span>
      <bdi class="context" title={context === undefined ? undefined : `Context ${context}`}>
        {context}
      </bdi>
      <NamespaceSwitch />
      {isReadOnly ? <span class="read-only">read-only</span> : undefined}
      <ConnectionState />
    </header>
  );
}

/** The namespaces are listed when the user opens the list. If they cannot be listed, the user types a name. */
function NamespaceSwitch() {
  const { store, api, go, route } = usePage();
  const names = useSignal<readonly string[]>([]);
  const why = useSignal('');
  const { namespace = '' } = store.context.value ?? {};
  const load = async () => {
    const answer = await api.listNamespaces();
    if ('failure' in answer) why.value = answer.failure;
    else {
      names.value = answer.namespaces;
      why.value = answer.sentence ?? '';
    }
  };
  const pick = (name: string) => {
    const { list, filter } = route.peek();
    if (name !== namespace && /^[a-z0-9-]+$/.test(name))
      go({ list, filter: { ...filter, of: '' }, tab: '', stepTab: '', namespace: name });
  };
  return (
    <label class="namespace" title={why.value || 'Namespace'}>
      <span class="hidden">Namespace</span>
      <input
        list="namespaces"
        value={namespace}
        autocomplete="off"
        spellcheck={false}
        onFocus={({ currentTarget }) => {
          currentTarget.select();
          void load();
        }}
        onChange={({ currentTarget }) => pick(currentTarget.value.trim())}
      />
      <datalist id="namespaces">
        {names.value.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </label>
  );
}

function ConnectionState() {
  const { store } = usePage();
  const { look, word } = stateOf(store.link.value, store.cluster.value);
  return (
    <span id="connection" class={`connection ${look}`} role="status">
      {word}
    </span>
  );
}

/** What is wrong with the connections, and what to do. */
export function Troubles() {
  const { store, nowMs } = usePage();
  const { sentences, since } = stateOf(store.link.value, store.cluster.value);
  const age = since === undefined ? '' : ` What you see is from ${formatAge(nowMs.value - Date.parse(since))}.`;
  return (
    <div id="troubles" role="alert">
      {sentences.map((sentence, at) => (
        <p key={sentence} class="trouble">
          <Sentence of={sentence} />
          {at === sentences.length - 1 ? (
            <span class="age" aria-live="off">
              {age}
            </span>
          ) : undefined}
        </p>
      ))}
    </div>
  );
}
