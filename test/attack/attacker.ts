import { attack, type Target } from './attacks.ts';

/** A process of its own, so that it does not slow down the reviews that are measured: NAME and a target as JSON. */
const [name = '', target = ''] = process.argv.slice(2);
process.on('disconnect', () => process.exit());
await attack(name, JSON.parse(target) as Target, new AbortController().signal);
