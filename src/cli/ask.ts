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
    // Ctrl-D and Ctrl-C close it without an answer, and leave the cursor behind the question.
    const closed = (): void => {
      stderr.write('\n');
      resolve(false);
    };
    prompt.once('close', closed);
    prompt.question(question, (answer) => {
      prompt.off('close', closed);
      prompt.close();
      resolve(/^\s*y(es)?\s*$/i.test(answer));
    });
  });
}
