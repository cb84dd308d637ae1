/** What a `*` never stands for: with any of these a line could start, join or redirect more than the rule names. */
const CHAINING = new Set(';&|`$<>()\n\r\0');

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

/**
 * Whether one of the rules names this command line or a command in it; for rules that deny or ask, where a `*` stands for
 * any characters. It catches what an agent writes plainly (`cd x && git push`, `FOO=1 git push`, `$(git push)`); it is no
 * fence against one that hides what it runs in a script or a variable.
 */
export function names(rules: readonly string[], line: string): boolean {
  const commands = [line, ...line.split(/[;&|`$<>(){}\n\r\0]+/u)].map((part) =>
    part.trim().replace(/^(?:\w+=\S*\s+)+/u, ''),
  );
  return rules.some((rule) =>
    commands.some((command) => command !== '' && matches(rule.trim(), command, noCharacters)),
  );
}

const noCharacters: ReadonlySet<string> = new Set();

function matches(rule: string, line: string, never: ReadonlySet<string> = CHAINING): boolean {
  if (rule === '**') return true;
  if (rule === '') return false;
  if (rule.endsWith(' *') && line === rule.slice(0, -2)) return true;
  return reaches(rule.split('*'), line, never);
}

/** Follows all ways at once, so that a rule with many stars takes no longer than its length times the line's. */
function reaches(parts: readonly string[], line: string, never: ReadonlySet<string>): boolean {
  let ends: ReadonlySet<number> = new Set([0]);
  for (const [index, part] of parts.entries()) {
    const starts = index === 0 ? ends : widened(ends, line, never);
    const fitting = [...starts].filter((start) => line.startsWith(part, start));
    ends = new Set(fitting.map((start) => start + part.length));
  }
  return ends.has(line.length);
}

/** Where a `*` can end that begins at one of these places. */
function widened(places: ReadonlySet<number>, line: string, never: ReadonlySet<string>): ReadonlySet<number> {
  const wide = new Set<number>();
  let inStar = false;
  for (let place = 0; place <= line.length; place++) {
    inStar = places.has(place) || (inStar && !never.has(line[place - 1] ?? ''));
    if (inStar) wide.add(place);
  }
  return wide;
}
