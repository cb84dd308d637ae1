/** Where the program says what it does: INFO a phase, DEBUG a decision, ERROR with the stack. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Where bytes are appended that people may read later: a log, the output of a program. */
export interface Output {
  /** On disk (in the system's hands) when it returns. Never throws: what cannot be written is lost, and said once. */
  write(chunk: string | Uint8Array): void;
  /** May be called twice; a write afterwards opens it again. */
  close(): void;
}
