/**
 * A script that lets the page note times about itself. It runs in the browser before any script of the page. It is
 * text, because it cannot use anything from this process. Times are those of `performance.now()` in the browser.
 */
export const probe = `
  globalThis.benchNotes = { dataAt: undefined, readyAt: undefined, chunkAt: undefined, paints: [] };
  const notes = globalThis.benchNotes;
  const read = ReadableStreamDefaultReader.prototype.read;
  ReadableStreamDefaultReader.prototype.read = async function (...args) {
    const result = await read.apply(this, args);
    if (typeof result.value === 'string' && result.value.includes('data: ')) {
      notes.chunkAt = performance.now();
      if (notes.dataAt === undefined && result.value.includes('"type":"Picture"')) notes.dataAt = notes.chunkAt;
    }
    return result;
  };
  const afterPaint = (callback) =>
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = callback;
      channel.port2.postMessage(undefined);
    });
  const awaitCards = () => {
    if (document.querySelectorAll('g.card').length < globalThis.benchSteps) requestAnimationFrame(awaitCards);
    else afterPaint(() => requestIdleCallback(() => { notes.readyAt = performance.now(); }));
  };
  requestAnimationFrame(awaitCards);
  globalThis.benchWatch = (label) => {
    const card = document.querySelector('g.card rect[aria-label^="' + label + ':"]').parentElement;
    new MutationObserver((_, observer) => {
      observer.disconnect();
      const from = notes.chunkAt;
      afterPaint(() => notes.paints.push(performance.now() - from));
    }).observe(card, { attributes: true, attributeFilter: ['class'] });
  };
`;
