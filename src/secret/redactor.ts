/** Takes secrets out of texts. Never keeps, logs or throws one; takes any text, also one with half a surrogate pair. */
export interface Redactor {
  /**
   * The text with a placeholder in the place of each secret. The same secret, written the same way, reads the same in
   * every text of a project. What is a placeholder already stays as it is, so redacting twice changes nothing.
   */
  redact(text: string): Redacted;
}

export interface Redacted {
  readonly text: string;
  /** In the order of the text. */
  readonly found: readonly Found[];
}

/** A secret, told without it. */
export interface Found {
  /** What it is, e.g. `github-token`; `env-NAME` for the value of a variable. */
  readonly kind: string;
  /** A keyed hash: tells whether two are the same, and nothing about either. */
  readonly fingerprint: string;
  /** Where it starts in the text that was given, in UTF-16 units. */
  readonly at: number;
  /** False for what only its surroundings make one, e.g. a short word after `password:`. */
  readonly sure: boolean;
}
