import type { CheckpointTransfer } from '../../checkpoint/checkpoint-transfer.ts';
import { CodeframeError } from '../../failure.ts';
import { gitFailure } from '../git-process.ts';
import { checkpointRef, isCheckpointId } from './checkpoint-ref.ts';
import { GitRemote } from './git-remote.ts';
import { corrupt } from './read-checked.ts';
import { Incoming } from './incoming.ts';
import { beginWriting } from './store-turns.ts';
import { storeFailure, StorePlace } from './store-place.ts';

/** Moves checkpoints out of, and into, the store at `path`: as git bundles, and over git's own protocols. */
export function openGitTransfer(options: { readonly path: string }): CheckpointTransfer {
  const place = new StorePlace(options.path);
  return {
    async pack(id, file) {
      await place.ready();
      if (!isCheckpointId(id))
        throw new CodeframeError({ code: 'unknown-id', kind: 'checkpoint', id, near: [] });
      const output = await place.run(['bundle', 'create', '--quiet', file, checkpointRef(id)]);
      if (output.code !== 0) throw gitFailure(output, 'bundle create', file);
    },
    async unpack(file, checkpoint) {
      await place.ready();
      const quarantine = await beginWriting(place.dir);
      try {
        const output = await new StorePlace(place.dir, quarantine.env).run(['bundle', 'unbundle', file]);
        if (output.code !== 0) throw unreadable(checkpoint.id, output, file);
        return new Incoming(place, quarantine, [checkpoint]);
      } catch (error) {
        quarantine.remove();
        throw storeFailure(error, place.dir);
      }
    },
    remote: (url) => new GitRemote(place, url),
  };
}

function unreadable(id: string, output: Parameters<typeof gitFailure>[0], file: string): CodeframeError {
  const failure = gitFailure(output, 'bundle unbundle', file);
  const { failure: what } = failure;
  return what.code === 'git-failed' ? corrupt(id, 'objects', what.problem) : failure;
}
