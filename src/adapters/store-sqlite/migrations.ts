/** One step from a schema to the next. Never changed once released: databases of that schema exist. */
export interface Migration {
  /** The schema after it; they count from 1. */
  readonly version: number;
  readonly sql: string;
}

/** All of them, oldest first. Together they make the tables of `src/store/tables.ts`; a conformance test compares. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
      CREATE TABLE project (
        id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, status TEXT NOT NULL, state TEXT NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE leases (
        name TEXT NOT NULL PRIMARY KEY, epoch INTEGER NOT NULL, owner_id TEXT, command TEXT, pid INTEGER, host TEXT,
        boot_id TEXT, process_start TEXT, acquired_at INTEGER, renewed_at INTEGER, ttl_ms INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE agents (
        name TEXT NOT NULL PRIMARY KEY, role TEXT NOT NULL, driver TEXT NOT NULL, settings TEXT NOT NULL,
        status TEXT NOT NULL, step_count INTEGER NOT NULL, last_stop TEXT, created_at INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE tasks (
        id INTEGER NOT NULL PRIMARY KEY, title TEXT NOT NULL, details TEXT NOT NULL, agent TEXT, "after" TEXT NOT NULL,
        status TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, created_at INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE blockers (
        id TEXT NOT NULL PRIMARY KEY, task_id INTEGER NOT NULL, agent TEXT NOT NULL, subject TEXT NOT NULL,
        question TEXT NOT NULL, status TEXT NOT NULL, answer TEXT, created_at INTEGER NOT NULL, answered_at INTEGER
      ) STRICT;
      CREATE TABLE steps (
        id TEXT NOT NULL, agent TEXT NOT NULL, seq INTEGER NOT NULL, task_id INTEGER NOT NULL, epoch INTEGER NOT NULL,
        kind TEXT NOT NULL, name TEXT NOT NULL, call_id TEXT, parent_id TEXT, effect TEXT NOT NULL,
        status TEXT NOT NULL, intent TEXT NOT NULL, outcome TEXT, late_outcome TEXT, repeats TEXT,
        started_at INTEGER NOT NULL, ended_at INTEGER,
        PRIMARY KEY (agent, seq)
      ) STRICT;
      CREATE INDEX steps_by_id ON steps (id);
      CREATE INDEX steps_by_status ON steps (status);
      CREATE TABLE context_items (
        id TEXT NOT NULL, agent TEXT NOT NULL, seq INTEGER NOT NULL, task_id INTEGER, step_id TEXT, kind TEXT NOT NULL,
        tool TEXT, path TEXT, call_id TEXT, is_error INTEGER NOT NULL, input TEXT, text TEXT NOT NULL,
        prompt_text TEXT, meta TEXT, tokens INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL,
        token_method TEXT NOT NULL, importance REAL NOT NULL, tier TEXT NOT NULL, pinned INTEGER NOT NULL,
        access_count INTEGER NOT NULL, step INTEGER NOT NULL, last_used_step INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (agent, seq)
      ) STRICT;
      CREATE INDEX context_items_by_id ON context_items (id);
      CREATE TABLE archives (
        id TEXT NOT NULL PRIMARY KEY, item_id TEXT NOT NULL, agent TEXT NOT NULL, "from" INTEGER NOT NULL,
        "to" INTEGER NOT NULL, sha256 TEXT NOT NULL, pause_id TEXT, archived_at INTEGER NOT NULL, recalled_at INTEGER
      ) STRICT;
      CREATE INDEX archives_by_item ON archives (item_id);
      CREATE TABLE costs (
        step_id TEXT NOT NULL PRIMARY KEY, agent TEXT NOT NULL, task_id INTEGER NOT NULL, model TEXT NOT NULL,
        recorded INTEGER NOT NULL, input_tokens INTEGER NOT NULL, cache_read_tokens INTEGER NOT NULL,
        cache_write_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cost_usd REAL, at INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE pauses (
        id TEXT NOT NULL PRIMARY KEY, reason TEXT, requested_by TEXT NOT NULL, requested_at INTEGER NOT NULL,
        grace_ms INTEGER NOT NULL, status TEXT NOT NULL, checkpoint_id TEXT, draft TEXT, result TEXT,
        problem TEXT, ended_at INTEGER
      ) STRICT;
      CREATE TABLE checkpoints (
        id TEXT NOT NULL PRIMARY KEY, name TEXT, "trigger" TEXT NOT NULL, reason TEXT, created_by TEXT NOT NULL,
        parent_id TEXT, pause_id TEXT, "commit" TEXT NOT NULL, created_at INTEGER NOT NULL,
        duration_ms INTEGER NOT NULL, files INTEGER NOT NULL, bytes INTEGER NOT NULL, uncovered INTEGER NOT NULL,
        tokens INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE checkpoint_requests (
        id TEXT NOT NULL PRIMARY KEY, name TEXT, reason TEXT, requested_by TEXT NOT NULL,
        requested_at INTEGER NOT NULL, status TEXT NOT NULL, checkpoint_id TEXT, held_ms INTEGER, problem TEXT,
        ended_at INTEGER
      ) STRICT;
      CREATE TABLE restores (
        id TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, checkpoint_id TEXT NOT NULL, safety_id TEXT, "only" TEXT,
        status TEXT NOT NULL, undone_by TEXT, requested_by TEXT NOT NULL, started_at INTEGER NOT NULL,
        ended_at INTEGER, figures TEXT, problem TEXT
      ) STRICT;
      CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT;
      CREATE TABLE events (
        seq INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL,
        type TEXT NOT NULL, data TEXT NOT NULL
      ) STRICT;
    `,
  },
  {
    version: 2,
    // The text's index keeps no text of its own, and follows the table by triggers: whoever writes rows, it agrees.
    sql: `
      ALTER TABLE archives ADD COLUMN stub TEXT;
      CREATE INDEX archives_by_agent ON archives (agent);
      CREATE INDEX context_items_in_prompt ON context_items (agent, seq, tier, prompt_tokens);
      CREATE TABLE model_factors (
        model TEXT NOT NULL, method TEXT NOT NULL, factor REAL NOT NULL, calls INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        PRIMARY KEY (model, method)
      ) STRICT;
      CREATE VIRTUAL TABLE context_items_words USING fts5 (
        words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
      );
      INSERT INTO context_items_words (rowid, words) SELECT rowid, text FROM context_items;
      CREATE TRIGGER context_items_words_add AFTER INSERT ON context_items BEGIN
        INSERT INTO context_items_words (rowid, words) VALUES (new.rowid, new.text);
      END;
      CREATE TRIGGER context_items_words_drop AFTER DELETE ON context_items BEGIN
        DELETE FROM context_items_words WHERE rowid = old.rowid;
      END;
      CREATE TRIGGER context_items_words_change AFTER UPDATE OF text ON context_items BEGIN
        DELETE FROM context_items_words WHERE rowid = old.rowid;
        INSERT INTO context_items_words (rowid, words) VALUES (new.rowid, new.text);
      END;
    `,
  },
  {
    version: 3,
    sql: `
      ALTER TABLE checkpoints ADD COLUMN held_ms INTEGER;
      ALTER TABLE checkpoints ADD COLUMN pinned_at INTEGER;
      ALTER TABLE checkpoints ADD COLUMN deleted_at INTEGER;
      ALTER TABLE checkpoints ADD COLUMN reclaimed_at INTEGER;
      ALTER TABLE checkpoint_requests ADD COLUMN requester TEXT;
      CREATE INDEX checkpoints_by_time ON checkpoints (created_at);
      CREATE INDEX events_by_type ON events (type, seq);
    `,
  },
  {
    version: 4,
    sql: `
      CREATE TABLE homes (
        agent TEXT NOT NULL PRIMARY KEY, session_id TEXT, task_id INTEGER, turn TEXT NOT NULL, from_id TEXT,
        left_at INTEGER
      ) STRICT;
    `,
  },
  {
    version: 5,
    sql: `
      ALTER TABLE restores ADD COLUMN paths TEXT;
      ALTER TABLE restores ADD COLUMN git TEXT;
    `,
  },
  {
    version: 6,
    sql: `
      CREATE TABLE worktrees (
        agent TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, branch TEXT NOT NULL, from_id TEXT
      ) STRICT;
    `,
  },
];
