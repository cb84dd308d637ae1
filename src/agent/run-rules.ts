/** What a `*` never stands for: with any of these a line could start, join or redirect more than the rule names. */
const CHAINING = ';&|`$<>()\\n\\r\\0';

/**
 * Whether one of the rules allows this whole command line. A rule is the line itself, in which `*` stands for any
 * characters but those that chain, substitute or redirect commands; `git diff *` also allows plain `git diff`.
 * The rule `**` alone allows everything.
 */
export function mayRun(rules: readonly string[], line: string): boolean {
  const wanted = line.trim();
  if (wanted === '') return false;
  return rules.some((rule) => matches(rule.trim(), wanted));
}

function matches(rule: string, line: string): boolean {
  if (rule === '**') return true;
  if (rule === '') return false;
  if (rule.endsWith(' *') && line === rule.slice(0, -2)) return true;
  return pattern(rule).test(line);
}

function pattern(rule: string): RegExp {
  // A run of stars means no more than one star, and would only make the search slow.
  const parts = rule.split(/\*+/).map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return new RegExp(`^${parts.join(`[^${CHAINING}]*`)}$`);
}
