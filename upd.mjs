import Database from 'better-sqlite3';
const db = new Database(process.argv[2]);
db.pragma('journal_mode=WAL');
db.pragma('synchronous=FULL');
const n = db.prepare('select count(*) n, sum(length(text)) t, sum(length(input)) i from context_items').get();
console.log(n, db.pragma('cache_size'), db.pragma('page_size'));
const lap = (name, f) => {
  const c = process.cpuUsage();
  f();
  const u = process.cpuUsage(c);
  console.log(name, (u.user / 1000).toFixed(0), '+', (u.system / 1000).toFixed(0));
};
const run = () => {
  const st = db.prepare('UPDATE context_items SET tier=?, importance=? WHERE agent=? AND seq=?');
  for (let i = 1; i <= 10000; i++) st.run(Math.random() < 0.5 ? 'HOT' : 'COLD', Math.random(), 'ada', i);
};
const tx = (name, f) => {
  db.exec('BEGIN IMMEDIATE');
  lap(name, f);
  lap('  commit', () => db.exec('COMMIT'));
};
tx('update tiers', run);
tx('update tiers', run);
db.pragma('cache_size=-64000');
tx('update tiers cache 64M', run);
tx('importance only', () => {
  const st = db.prepare('UPDATE context_items SET importance=? WHERE agent=? AND seq=?');
  for (let i = 1; i <= 10000; i++) st.run(Math.random(), 'ada', i);
});
db.exec('DROP INDEX context_items_in_prompt');
tx('update tiers no index', run);
tx('importance only', () => {
  const st = db.prepare('UPDATE context_items SET importance=? WHERE agent=? AND seq=?');
  for (let i = 1; i <= 10000; i++) st.run(Math.random(), 'ada', i);
});
lap('select all', () => db.prepare('select * from context_items order by agent, seq').all());
lap('select few', () =>
  db
    .prepare(
      'select id, seq, kind, tool, path, call_id, is_error, text, prompt_text, tokens, prompt_tokens, importance, tier, pinned, access_count, step, last_used_step, created_at from context_items where agent=? order by agent, seq',
    )
    .all('ada'),
);
lap('select raw', () =>
  db
    .prepare(
      'select id, seq, kind, tool, path, call_id, is_error, text, prompt_text, tokens, prompt_tokens, importance, tier, pinned, access_count, step, last_used_step, created_at from context_items where agent=? order by agent, seq',
    )
    .raw()
    .all('ada'),
);
