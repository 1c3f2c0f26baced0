const MEBIBYTE = 1024 * 1024;

/** What holds where no memory limit is set: the limit of the chart. */
const DEFAULT_MEMORY_BYTES = 256 * MEBIBYTE;
/** A connection that idles, or sends headers: TLS, HTTP and socket state, 16 KiB of headers, an answer of 16 KiB. */
const CONNECTION_BYTES = 64 * 1024;

/**
 * The API server stores no object above 2 MiB: its client of etcd sends no more. An UPDATE carries two, with an envelope
 * of at most 1 MiB. A larger review is about an object that cannot be stored.
 */
export const BODY_LIMIT_BYTES = 5 * MEBIBYTE;

/** How much a gate takes in at once; nothing here depends on who sends it. */
export interface Capacity {
  /** Connections on which no whole review has arrived yet. */
  readonly newConnections: number;
  /** Connections that are kept after their first review. */
  readonly keptConnections: number;
  /** Bytes of bodies that have not arrived whole, and of answers that are not read. */
  readonly bytesInFlight: number;
}

/**
 * Divides the memory of the container: half of it for the process and the one body that is being answered, which is
 * parsed and judged without a pause; an eighth for bytes in flight; an eighth for connections, half of them new; and a
 * quarter for the kernel and for what is not collected yet. `limitBytes` is 0 or beyond all memory where none is set.
 */
export function divideMemory(limitBytes: number, totalBytes: number): Capacity {
  const memoryBytes = limitBytes > 0 && limitBytes < totalBytes ? limitBytes : DEFAULT_MEMORY_BYTES;
  const connections = Math.floor(memoryBytes / 8 / CONNECTION_BYTES);
  return {
    newConnections: Math.floor(connections / 2),
    keptConnections: Math.ceil(connections / 2),
    bytesInFlight: Math.max(Math.floor(memoryBytes / 8), 2 * BODY_LIMIT_BYTES),
  };
}
