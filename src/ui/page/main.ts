import { h, render } from 'preact';
import { createApi } from './api.ts';
import { App } from './app.tsx';
import { connect } from './connect.ts';
import { createPageState, PageProvider, selectNewest } from './page-state.ts';

/** The page: messages from the server change its state, and its components draw the state. */

const TOKEN = 'token';
/** On a smaller screen, the list is a page of its own. */
const WIDE = '(min-width: 860px)';

/**
 * Reads the token from the URL that the terminal shows. It stores the token for this origin and removes it from the
 * URL.
 */
function takeToken(): string {
  const [, given] = /^#token=([\w-]+)$/.exec(location.hash) ?? [];
  if (given !== undefined) {
    localStorage.setItem(TOKEN, given);
    history.replaceState(null, '', '/');
  }
  return localStorage.getItem(TOKEN) ?? '';
}

const token = takeToken();
const url = {
  hash: () => location.hash,
  write: (hash: string, isReplace: boolean) =>
    isReplace ? history.replaceState(null, '', hash) : history.pushState(null, '', hash),
};
const page = createPageState(createApi(token), url, Date.now());
addEventListener('hashchange', page.followUrl);
setInterval(() => {
  page.nowMs.value = Date.now(); // updates ages and durations
}, 1_000);
connect(page, token);
if (matchMedia(WIDE).matches) selectNewest(page);
render(h(PageProvider, { value: page, children: h(App, {}) }), document.body);
