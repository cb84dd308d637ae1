import { markerVariable } from '../../agent/processes.ts';
import type { Job } from '../../agent/driver.ts';

/** Linux takes 128 KiB for one variable or argument. */
const bytesMax = 120 * 1024;

/** What a program gets to know, on top of what it inherits. `interrupted`: the step of the same task that was cut. */
export function environmentOf(
  inherited: Readonly<Record<string, string | undefined>>,
  job: Job,
  interrupted: string | null,
): NodeJS.ProcessEnv {
  const { CODEFRAME_INTERRUPTED: _, ...rest } = inherited;
  const { agent, task } = job;
  return {
    ...rest,
    [markerVariable]: job.marker,
    CODEFRAME_PROJECT: job.projectDir,
    CODEFRAME_AGENT_NAME: agent.name,
    CODEFRAME_TASK_ID: String(task.id),
    CODEFRAME_TASK_TITLE: passable(task.title),
    CODEFRAME_TASK_DETAILS: passable(task.details),
    ...(interrupted !== null && { CODEFRAME_INTERRUPTED: interrupted }),
  };
}

/** The program and its arguments, with `{task}` and `{details}` replaced in the arguments. */
export function commandOf(job: Job): readonly [string, ...string[]] {
  const [program = '', ...args] = job.agent.settings.command ?? [];
  const { title, details } = job.task;
  const fill = (arg: string): string =>
    arg.replaceAll(/\{(task|details)\}/g, (_, name) => passable(name === 'task' ? title : details));
  return [program, ...args.map(fill)];
}

/** Without what execve(2) refuses. */
function passable(text: string): string {
  const clean = text.replaceAll('\0', '');
  if (Buffer.byteLength(clean) <= bytesMax) return clean;
  return (
    Buffer.from(clean)
      .subarray(0, bytesMax)
      .toString('utf8')
      .replace(/\ufffd+$/, '') + '…'
  );
}
