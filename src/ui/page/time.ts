const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Formats a duration in its two largest units: `42s`, `3m 05s`, `2h 10m`, `4d 3h`. '' if `ms` is not a finite number.
 */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '';
  const length = Math.max(0, ms);
  const two = (count: number) => String(Math.floor(count)).padStart(2, '0');
  if (length < 10 * SECOND) return `${(Math.floor(length / 100) / 10).toFixed(1)}s`;
  if (length < MINUTE) return `${Math.floor(length / SECOND)}s`;
  if (length < HOUR) return `${Math.floor(length / MINUTE)}m ${two((length % MINUTE) / SECOND)}s`;
  if (length < DAY) return `${Math.floor(length / HOUR)}h ${two((length % HOUR) / MINUTE)}m`;
  return `${Math.floor(length / DAY)}d ${Math.floor((length % DAY) / HOUR)}h`;
}

/** Formats an age in one unit: `5s ago`, `3d ago`. */
export function formatAge(ms: number): string {
  if (!Number.isFinite(ms)) return '';
  const length = Math.max(0, ms);
  if (length < MINUTE) return `${Math.floor(length / SECOND)}s ago`;
  if (length < HOUR) return `${Math.floor(length / MINUTE)}m ago`;
  if (length < DAY) return `${Math.floor(length / HOUR)}h ago`;
  return `${Math.floor(length / DAY)}d ago`;
}

/**
 * Formats a time in the time zone of the browser, with the date if it is not today. Invalid text is returned unchanged.
 */
export function formatTime(text: string, nowMs: number): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return text;
  const clock = time.toLocaleTimeString();
  return time.toDateString() === new Date(nowMs).toDateString() ? clock : `${time.toLocaleDateString()} ${clock}`;
}
