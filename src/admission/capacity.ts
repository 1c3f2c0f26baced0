const MEBIBYTE = 1024 * 1024;

/** The memory limit of the chart, which is assumed if the container has none. */
const DEFAULT_MEMORY_BYTES = 256 * MEBIBYTE;
/**
 * The memory of a connection that is idle or sends headers: TLS, HTTP and socket state, 16 KiB of headers, an answer of
 * 16 KiB.
 */
const CONNECTION_BYTES = 64 * 1024;

/**
 * The API server stores no object larger than 2 MiB, because its etcd client sends no more. An UPDATE review has two
 * objects, in an envelope of at most 1 MiB. A larger review is about an object that cannot be stored.
 */
export const BODY_LIMIT_BYTES = 5 * MEBIBYTE;

/** How much a gate accepts at once. It does not depend on the sender. */
export interface Capacity {
  /** Connections on which no complete review has arrived yet. */
  readonly newConnections: number;
  /** Connections that are kept after their first review. */
  readonly keptConnections: number;
  /** Bytes of incomplete bodies and of answers that are not read yet. */
  readonly bytesInFlight: number;
}

/**
 * Divides the memory of the container. Half is for the process and the one body that is being answered, which is parsed
 * and judged without a pause. An eighth is for bytes in flight. An eighth is for connections, half of them new. A
 * quarter is for the kernel and for garbage. `limitBytes` is 0 or larger than all memory if no limit is set.
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
