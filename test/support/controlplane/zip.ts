import { crc32, inflateRawSync } from 'node:zlib';

// Record layouts: PKWARE's APPNOTE.TXT 4.3.7 (local header), 4.3.12 (central directory), 4.3.16 (its end). No zip64.
const endSignature = Buffer.from('504b0506', 'hex');
const centralBytes = 46;
const localBytes = 30;
const deflated = 8;

/** Returns the content of the file `name` in a zip archive, deflated or stored; throws if it is absent or damaged. */
export function unzip(archive: Buffer, name: string): Buffer {
  const end = archive.lastIndexOf(endSignature);
  if (end < 0) throw new Error('not a zip archive');
  let at = archive.readUInt32LE(end + 16);
  for (let entries = archive.readUInt16LE(end + 10); entries > 0; entries -= 1) {
    const nameBytes = archive.readUInt16LE(at + 28);
    if (archive.toString('utf8', at + centralBytes, at + centralBytes + nameBytes) === name)
      return unpack(archive, at, name);
    at += centralBytes + nameBytes + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  throw new Error(`no ${name} in the zip archive`);
}

/** `at`: where the file's entry in the central directory begins; the local header before the data may lack the sizes. */
function unpack(archive: Buffer, at: number, name: string): Buffer {
  const header = archive.readUInt32LE(at + 42);
  const start = header + localBytes + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  const packed = archive.subarray(start, start + archive.readUInt32LE(at + 20));
  const content = archive.readUInt16LE(at + 10) === deflated ? inflateRawSync(packed) : packed;
  if (crc32(content) !== archive.readUInt32LE(at + 16)) throw new Error(`${name} in the zip archive is damaged`);
  return content;
}
