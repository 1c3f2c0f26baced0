import { StringDecoder } from 'node:string_decoder';

/** The lines of a stream of UTF-8, without their ends. What follows the last line end is left out: the stream was cut. */
export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new StringDecoder('utf8');
  let partial = '';
  for await (const chunk of stream) {
    const [end = '', ...starts] = decoder.write(chunk).split('\n');
    partial += end;
    for (const start of starts) {
      yield partial;
      partial = start;
    }
  }
}
