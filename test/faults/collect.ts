// Loaded before a reconciler (`node --expose-gc --import`): at SIGUSR2 it collects its garbage, so that its heap can be measured.
process.on('SIGUSR2', () => {
  globalThis.gc?.();
});
