// Loaded before a reconciler (`node --import`): at SIGUSR2 its event loop stands still for STALL_SECONDS.
process.on('SIGUSR2', () => {
  const end = performance.now() + Number(process.env['STALL_SECONDS']) * 1000;
  while (performance.now() < end);
});
