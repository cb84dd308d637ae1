import type { Command } from 'commander';
import type { AuditFinding, AuditReport } from '../../secret/audit.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import type { Line } from '../output.ts';
import { countWords, listWords } from '../quantity-words.ts';

/** `codeframe audit [ID]` */
export function auditCommand(run: RunWork): Command {
  return describe({
    name: 'audit',
    summary: 'Search what is stored for secrets.',
    paragraph:
      'Searches every object of a checkpoint (of all checkpoints when no id is given), the database, the events and the ' +
      'logs, and tells of each secret what it is and where it stands, never the secret. Files that git tracks are in ' +
      'checkpoints as they are: what is found in them is told like the rest. Files that the setting allowSecrets names ' +
      'are told and do not count. Binary files and files over 1 MB are not searched. Ends with 9 when something was ' +
      'found that a person has to look at: a secret that was stored should be replaced by a new one.',
    examples: ['codeframe audit', 'codeframe audit latest --json'],
    exits: [...projectExits, 9],
  })
    .argument('[id]', 'id, start of an id, name, or latest')
    .action(
      run(async (session, id: string | undefined) => {
        await using project = await session.open();
        const report = await project.audit(id);
        session.out.show(report, () => auditLines(report));
        return report.findings.some(({ allowed }) => !allowed) ? 9 : 0;
      }),
    );
}

function auditLines(report: AuditReport): readonly Line[] {
  const { findings, searched, skipped } = report;
  const places = listWords([
    countWords(searched.objects, 'object'),
    `${countWords(searched.rows, 'row')} of the database`,
    countWords(searched.logs, 'log'),
  ]);
  const counted = findings.filter(({ allowed }) => !allowed).length;
  const notSearched =
    skipped === 0 ? '' : ` Not searched: ${countWords(skipped, 'file')}, binary or over 1 MB.`;
  return [
    ...findings.map(findingLine),
    `Searched ${countWords(searched.checkpoints, 'checkpoint')}: ${places}.${notSearched}`,
    counted > 0 ? `Found ${countWords(counted, 'secret')}.` : noneLine(findings.length),
  ];
}

function noneLine(allowed: number): string {
  return allowed === 0 ? 'No secret is in it.' : 'No secret is in it but those that are allowed.';
}

const subjects: Readonly<Record<AuditFinding['where'], string>> = {
  checkpoint: 'checkpoint',
  code: 'file',
  database: 'database',
  events: 'event',
  log: 'log',
};

function findingLine({ where, place, kind, fingerprint, checkpoints, allowed }: AuditFinding): Line {
  const held = checkpoints.length === 0 ? '' : ` (in ${checkpointWords(checkpoints)})`;
  const line = `  ${subjects[where]} ${place}: ${kind} ${fingerprint}${held}`;
  return allowed ? { text: `${line}, allowed`, style: 'dim' } : [{ text: 'secret', style: 'red' }, line];
}

function checkpointWords([first = '', ...more]: readonly string[]): string {
  return more.length === 0 ? first : `${first} and ${more.length} more`;
}
