import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { ProjectPorts } from '../../../src/runner/ports.ts';
import { CaseProject, runGit } from '../../rig/case-project.ts';

describe('kinds of things that take each other’s place', () => {
  it('9. file, directory and link swap in both directions, two levels deep', async () => {
    await using project = await CaseProject.make();
    const kinds: Readonly<Record<string, (name: string) => void>> = {
      file: (name) => project.write(name, `file ${name}`),
      directory: (name) => {
        project.write(`${name}/in/deep`, `deep ${name}`);
        project.write(`${name}/too`, 'x', 0o755);
      },
      link: (name) => project.link('elsewhere', name),
      nothing: () => undefined,
    };
    const pairs = Object.keys(kinds).flatMap((from) => Object.keys(kinds).map((to) => [from, to] as const));
    const names = ['', 'a/', 'a/b/'].flatMap((place) =>
      pairs.map(([from, to]) => [`${place}${from}-to-${to}`, from, to] as const),
    );
    for (const [name, from] of names) kinds[from]?.(name);
    await project.comesBack(() => {
      for (const [name, from, to] of names) {
        if (from !== 'nothing') project.remove(name);
        kinds[to]?.(name);
      }
    });
  });

  it('14. two names that differ by case, and a rename of nothing but case', async () => {
    await using project = await CaseProject.make();
    project.write('readme', 'lower');
    project.write('README', 'upper');
    project.write('Dir/file', 'x');
    project.commit();
    await project.comesBack(() => {
      renameSync(project.path('Dir'), project.path('dir'));
      project.remove('readme');
      project.write('ReadMe', 'mixed');
    });
  });

  it('24. FIFOs, sockets and devices hold nothing up, are listed, and are never deleted', async () => {
    await using project = await CaseProject.make();
    project.write('file', 'one');
    project.write('was-file', 'two');
    project.commit();
    const before = await project.checkpoint();
    execFileSync('mkfifo', [project.path('fifo')]);
    const server = createServer().listen(project.path('socket'));
    await once(server, 'listening');
    const mayMakeDevices = process.getuid?.() === 0;
    if (mayMakeDevices) execFileSync('mknod', [project.path('device'), 'c', '1', '3']);
    const special = ['fifo', 'socket', ...(mayMakeDevices ? ['device'] : [])].toSorted();
    try {
      const id = await project.comesBack(() => project.write('file', 'two'));
      expect(await project.uncovered(id)).toEqual(special.map((name) => [name, 'special']));
      await project.restore(before);
      for (const name of special) expect(project.facts().get(name)).toBe('special');

      project.remove('was-file');
      execFileSync('mkfifo', [project.path('was-file')]);
      const now = project.facts();
      await expect(project.restore(before)).rejects.toMatchObject({
        failure: { code: 'restore-blocked', problems: [{ path: 'was-file' }] },
      });
      expect(project.facts()).toEqual(now);
      expect(await project.uncovered(await project.checkpoint())).toContainEqual(['was-file', 'special']);
    } finally {
      server.close();
    }
  });
});

describe('links', () => {
  it('10. to outside, absolute, dangling, in a circle, very long: kept as links, and never written through', async () => {
    await using project = await CaseProject.make();
    const outside = `${project.place}/outside`;
    mkdirSync(outside);
    writeFileSync(`${outside}/file`, 'not yours');
    const long = 'x'.repeat(4095);
    const links: readonly (readonly [string, string])[] = [
      ['absolute', outside],
      ['upward', '../outside/file'],
      ['dangling', 'no/such/thing'],
      ['circle-a', 'circle-b'],
      ['circle-b', 'circle-a'],
      ['long', long],
      ['bytes', '\xff\n\t'],
      ['self', '.'],
    ];
    for (const [name, target] of links) project.link(target, name);
    project.write('dir/file', 'mine');
    project.write('plain', 'mine');
    await project.comesBack(() => {
      for (const [name] of links) project.remove(name);
      project.write('absolute', 'a file now');
      project.write('upward/file', 'a directory now');
      project.link('changed', 'dangling');
      project.remove('dir');
      project.link(outside, 'dir');
      project.remove('plain');
      project.link('../outside/file', 'plain');
    });
    expect(readFileSync(`${outside}/file`, 'utf8')).toBe('not yours');
    expect(execFileSync('ls', [outside]).toString()).toBe('file\n');
  });

  it.each(['prepare', 'apply'] as const)(
    '11. put in the place of a directory right before %s: refused, nothing written outside, nothing lost',
    async (step) => {
      let strike: (() => void) | undefined;
      await using project = await CaseProject.make({
        wrapPorts: (ports) => before(ports, step, () => strike?.()),
      });
      const outside = `${project.place}/outside`;
      mkdirSync(`${outside}/in`, { recursive: true });
      writeFileSync(`${outside}/in/file`, 'not yours');
      project.write('other', 'one');
      project.write('dir/in/file', 'one');
      const id = await project.checkpoint();
      project.write('other', 'two');
      project.write('dir/in/file', 'two');
      project.write('dir/in/new', 'new');
      strike = (): void => {
        renameSync(project.path('dir'), `${project.place}/moved`);
        symlinkSync(outside, project.path('dir'));
      };
      await expect(project.restore(id)).rejects.toMatchObject({ failure: { code: 'tree-moved' } });
      expect(readFileSync(project.path('other'), 'utf8')).toBe('two');
      expect(readFileSync(`${outside}/in/file`, 'utf8')).toBe('not yours');
      expect(execFileSync('find', [outside, '-type', 'f']).toString()).toBe(`${outside}/in/file\n`);
      expect(readFileSync(`${project.place}/moved/in/file`, 'utf8')).toBe('two');
      const names = execFileSync('find', [project.root, '-name', '.codeframe-restore-*']);
      expect(names.toString()).toBe('');

      strike = undefined;
      await project.restore(id);
      expect(readFileSync(project.path('dir/in/file'), 'utf8')).toBe('one');
      expect(readFileSync(`${outside}/in/file`, 'utf8')).toBe('not yours');
    },
  );

  it('12. that stand where a tracked file was: what they lead to never gets into a checkpoint', async () => {
    await using project = await CaseProject.make();
    writeFileSync(`${project.place}/secret`, 'the content of the secret outside');
    project.write('tracked', 'harmless');
    project.write('dir/tracked', 'harmless');
    project.commit();
    mkdirSync(`${project.place}/elsewhere`);
    writeFileSync(`${project.place}/elsewhere/tracked`, 'the content of the secret outside');
    await project.comesBack(() => {
      project.remove('tracked');
      project.link('../secret', 'tracked');
      project.remove('dir');
      project.link('../elsewhere', 'dir');
    });
    const all = runGit(`${project.handle.dataDir}/store.git`, ['cat-file', '--batch-all-objects', '--batch']);
    expect(all).toContain('harmless');
    expect(all).not.toContain('the content of the secret');
  });
});

/** Something happens right before a step of the writer. */
function before(ports: ProjectPorts, step: 'prepare' | 'apply', happens: () => void): ProjectPorts {
  const { writer } = ports;
  const prepare = writer.prepare.bind(writer);
  const apply = writer.apply.bind(writer);
  if (step === 'apply') writer.apply = (id) => (happens(), apply(id));
  else writer.prepare = (job, contents) => (happens(), prepare(job, contents));
  return ports;
}
