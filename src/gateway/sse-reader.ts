/** Cuts a stream of text into events; keeps what is not whole yet. `data` lines alone count. */
export class SseReader {
  #rest = '';
  #data = '';

  /** The data of the events that ended in this piece. */
  push(piece: string): readonly string[] {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#line(line.endsWith('\r') ? line.slice(0, -1) : line));
  }

  /** What the stream ended with, when it left out the last empty line. */
  end(): readonly string[] {
    return [...this.push('\n'), ...this.#line('')];
  }

  #line(line: string): readonly string[] {
    if (line !== '') {
      if (line.startsWith('data:')) this.#data += line.slice(5).trimStart();
      return [];
    }
    const raw = this.#data;
    this.#data = '';
    return raw === '' ? [] : [raw];
  }
}
