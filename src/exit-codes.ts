/** What an exit code says, the same in every command and in the help. */
export const exitCodes = {
  0: 'done',
  1: 'a bug in codeframe: the stack and the place of the log are printed',
  2: 'wrong usage or an invalid argument',
  3: 'not found: no project here, or an id that is not known',
  4: 'refused in the present status',
  5: 'the project is owned by another process, or busy',
  6: 'data is corrupt, or newer than this program',
  7: 'something is missing around it: a program, a key, git, space, a permission',
  8: 'a model or its provider refused',
  9: 'work is left: tasks failed or wait for a person',
  130: 'interrupted; nothing is lost',
} as const;

export type ExitCode = keyof typeof exitCodes;
