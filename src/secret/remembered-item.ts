import type { ContextItemRow, NewItem } from '../context/item.ts';
import { placeholdersIn } from './placeholder.ts';
import type { Secrets } from './secrets.ts';

/**
 * An item as it is counted and kept. A provider's own data cannot be changed without making it worthless, so it is
 * dropped whole in the rare case that a known secret stands in it.
 */
export function redactItem(secrets: Secrets, item: NewItem): NewItem {
  const { text, input, meta, ...rest } = item;
  const dropped = meta !== undefined && meta !== null && secrets.holdsKnown(JSON.stringify(meta));
  return {
    ...rest,
    text: secrets.redact(text).text,
    ...(input === undefined ? {} : { input: secrets.redactValue(input) }),
    ...(meta === undefined || dropped ? {} : { meta }),
  };
}

/** An item as the agent has it: with the secrets that this process knows. */
export function livingItem(secrets: Secrets, item: ContextItemRow): ContextItemRow {
  const { tool, path, input, text, promptText } = item;
  const living = { ...item, ...secrets.putBack({ tool, path, input, text, promptText }) };
  // Signed by its provider as it was: without the secret the signature is wrong, so the prompt does without it.
  const isBroken = item.kind === 'reasoning' && placeholdersIn(living.text).length > 0;
  return isBroken ? { ...living, promptText: living.promptText ?? '' } : living;
}
