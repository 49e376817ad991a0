export interface ServerSentEvent {
  event: string;
  data: string;
}

/** Reads a `text/event-stream`. A line ends at a line feed alone: JSON may hold U+2028, where `node:readline` cuts. */
export async function* serverSentEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent, void> {
  const decoder = new TextDecoder();
  let rest = '';
  let event = '';
  let data: string[] = [];
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*?))?\r?$/s.exec(line) ?? [];
      if (field === 'event') event = value;
      else if (field === 'data') data.push(value);
      else if (/^\r?$/.test(line)) {
        if (event !== '') yield { event, data: data.join('\n') };
        event = '';
        data = [];
      }
    }
  }
}
