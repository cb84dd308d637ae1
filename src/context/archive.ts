/** A piece of an item's text that left the prompt: characters `from` to `to` (UTF-16, end excluded) of the item. */
export interface ArchiveRow {
  /** The id that the stub names and that recalls it. */
  readonly id: string;
  readonly itemId: string;
  readonly agent: string;
  readonly from: number;
  readonly to: number;
  /** Of the piece in UTF-8: what a recall must give back. */
  readonly sha256: string;
  readonly pauseId: string | null;
  readonly archivedAt: number;
  readonly recalledAt: number | null;
  /**
   * What stands in the prompt instead of the piece; null: the prompt shows the piece, because it was recalled or because
   * a later save cut the item elsewhere. Those of one item that are not null never overlap.
   */
  readonly stub: string | null;
}
