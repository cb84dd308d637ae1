import { rules } from '@secretlint/secretlint-rule-preset-recommend';
import type { OtherRules } from '../../secret/find-secrets.ts';
import { kindName } from '../../secret/placeholder.ts';
import type { SecretRange } from '../../secret/secret-range.ts';

/** What secretlint's rules need of their surroundings, and what they report; see `@secretlint/types`. */
interface RuleCreator {
  readonly meta: { readonly id: string };
  create(context: RuleContext, options: object): { file?(source: Source): unknown };
}

interface RuleContext {
  readonly sharedOptions: object;
  createTranslator(messages: unknown): (messageId: string) => { readonly messageId: string };
  report(report: {
    readonly range: readonly [number, number];
    readonly message: { readonly messageId: string };
  }): void;
  ignore(): void;
}

interface Source {
  readonly content: string;
  readonly contentType: 'text';
  readonly filePath: string;
  readonly ext: string;
}

/**
 * Left out: comments in a text that say what to ignore (whoever writes the text writes them), and rules that take the
 * rest of a line or a whole address, of which our own take the secret alone.
 */
const skipped = new Set(['filter-comments', 'basicauth', 'database-connection-string']);
const skippedMessages = new Set(['Npmrc_authToken', 'PackageJSON_xOauthToken']);

/** How what these rules find starts. A test holds one of each against the rules. */
const anchors: readonly string[] = (
  'a3t akia agpa aida aroa aipa anpa anva asia -----begin npm_ xoxb- xoxp- xapp- xoxa- xoxo- xoxr- ' +
  'https://hooks.slack.com/ sg. shppa_ shpca_ shpat_ shpss_ ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- ' +
  'glc_ glsa_ sk- gsk_ hf_ lin_api_ ntn_ ops_ey hvs. hvb. hvr. vcp_ vci_ vca_ vcr_ vck_ dapi dckr_pat_ ' +
  'figd_ aws_secret aws_account awssecret awsaccount secret_access_key secretaccesskey'
).split(' ');

/**
 * The rules of secretlint's recommended preset, called directly: its core is asynchronous, keeps a copy of the text in
 * its result, and obeys the comments.
 */
export function secretlintRules(): OtherRules {
  let found: SecretRange[] = [];
  const handlers = (rules as unknown as readonly RuleCreator[]).flatMap((rule) => {
    const name = rule.meta.id.replace('@secretlint/secretlint-rule-', '');
    if (skipped.has(name)) return [];
    return [
      rule.create(
        contextOf(kindName(name), (range) => found.push(range)),
        {},
      ),
    ];
  });
  return {
    anchors,
    find(text) {
      found = [];
      const source: Source = { content: text, contentType: 'text', filePath: 'text', ext: '' };
      for (const handler of handlers) void handler.file?.(source);
      return found;
    },
  };
}

function contextOf(kind: string, add: (range: SecretRange) => void): RuleContext {
  return {
    sharedOptions: {},
    createTranslator: () => (messageId) => ({ messageId }),
    report({ range: [from, to], message }) {
      if (!skippedMessages.has(message.messageId)) add({ from, to, kind, rank: 1, sure: true });
    },
    ignore() {},
  };
}
