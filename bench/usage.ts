import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** Returns a process and its descendants, as Linux lists them. Empty if it has ended. */
export function withChildren(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`);
  return children === undefined ? [] : [pid, ...children.split(' ').filter(Boolean).map(Number).flatMap(withChildren)];
}

/**
 * Returns the memory of these processes that is in RAM now. They run the same program, so they share the pages of its
 * file. These pages count once, as the kernel counts them for a container.
 */
export function residentBytes(pids: readonly number[]): number {
  const parts = pids.map((pid) => {
    const status = read(`/proc/${pid}/status`) ?? '';
    const kibOf = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
    return { own: kibOf('RssAnon') + kibOf('RssShmem'), file: kibOf('RssFile') };
  });
  return 1024 * (sum(parts, ({ own }) => own) + Math.max(0, ...parts.map(({ file }) => file)));
}

/** Returns the CPU time of these processes so far. */
export function cpuSeconds(pids: readonly number[]): number {
  return sum(pids, (pid) => {
    const fields = read(`/proc/${pid}/stat`)?.split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND;
  });
}

/**
 * Returns how many bytes these processes have read so far, as the system counts them. If a process follows objects,
 * nearly all of them come from the network.
 */
export function readBytes(pids: readonly number[]): number {
  return sum(pids, (pid) => Number(/^rchar: (\d+)$/m.exec(read(`/proc/${pid}/io`) ?? '')?.[1] ?? 0));
}

/** Counts the TCP sockets. A pipe between processes is a socket too, but has no entry in the tables of TCP. */
export function countSockets(pids: readonly number[]): number {
  return sum(pids, (pid) => {
    const tables = ['tcp', 'tcp6'].map((table) => read(`/proc/${pid}/net/${table}`) ?? '');
    const inodes = new Set(
      tables.flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)[9] ?? '')),
    );
    return readdirSync(`/proc/${pid}/fd`).filter((fd) => inodes.has(readInode(`/proc/${pid}/fd/${fd}`))).length;
  });
}

function readInode(path: string): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1] ?? '-';
  } catch {
    return '-'; // closed since it was listed
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // the process has ended
  }
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}
