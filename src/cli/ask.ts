import { createInterface } from 'node:readline';

interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
}

/** Whether a person is there to answer. */
export function canAsk({ stdin, stderr }: Streams): boolean {
  return stdin.isTTY && stderr.isTTY;
}

/** True for y or yes; false for anything else, the end of the input and Ctrl-C. */
export function ask({ stdin, stderr }: Streams, question: string): Promise<boolean> {
  const prompt = createInterface({ input: stdin, output: stderr });
  return new Promise((resolve) => {
    // Ctrl-D and Ctrl-C close it without an answer.
    prompt.once('close', () => resolve(false));
    prompt.question(question, (answer) => {
      resolve(/^\s*y(es)?\s*$/i.test(answer));
      prompt.close();
    });
  });
}
