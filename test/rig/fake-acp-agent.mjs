// A program that speaks the Agent Client Protocol, well or badly.  node fake-acp-agent.mjs HOW
// It writes each prompt that it gets into the file `prompts` of its directory, a JSON string a line.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, watch, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [how = 'good'] = process.argv.slice(2);
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

if (how === 'dies') {
  process.stderr.write('cannot find my own files\n');
  process.exit(3);
}
if (how === 'stubborn') {
  process.on('SIGTERM', () => {});
  const script =
    "process.on('SIGTERM',()=>{}); require('fs').writeFileSync('child', String(process.pid)); setInterval(()=>{},1e6)";
  spawn(process.execPath, ['-e', script], { detached: true, stdio: 'ignore' }).unref();
}
if (how === 'leaves-writers') {
  process.on('SIGTERM', () => {});
  // Twice forked, in a session of its own, deaf to SIGTERM.
  const writer = `trap '' TERM; (while :; do echo x >> ticks-${process.pid}; sleep 0.05; done) & wait`;
  spawn('sh', ['-c', `trap '' TERM; (${writer}) & wait`], { detached: true, stdio: 'ignore' }).unref();
}
if (how === 'exits-0-on-signal') process.on('SIGTERM', () => process.exit(0));
if (how === 'saves-late') {
  const save = () => setTimeout(() => (writeFileSync('saved', 'whole'), process.exit()), 20);
  process.on('SIGTERM', save);
  process.stdin.on('end', save);
}
if (how === 'chatters') process.stdout.write('Welcome!\nno JSON either: {\n');
if (how === 'floods') flood();

/** As fast as it is read, for ever. */
function flood() {
  while (process.stdout.write(`${'no JSON '.repeat(1000)}\n`));
  process.stdout.once('drain', flood);
}

const answers = {
  initialize: () => ({
    protocolVersion: how === 'from-the-future' ? 99 : 1,
    agentCapabilities: { loadSession: how === 'loads', mcpCapabilities: { http: how === 'knows-http' } },
  }),
  'session/new': ({ mcpServers }) => {
    writeFileSync('tools', JSON.stringify(mcpServers));
    return { sessionId: `session-${process.pid}` };
  },
  'session/load': () => ({}),
};

let asked = 0;
let prompting;
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params, result } = JSON.parse(line);
  if (how === 'floods') return;
  if (how === 'breaks') {
    for (let index = 0; index < 1100; index += 1) process.stdout.write('{"jsonrpc":"2.0","id":\n');
    return;
  }
  if (how === 'signed-out' && method === 'session/new')
    return send({ id, error: { code: -32000, message: 'Authentication required' } });
  if (method in answers) send({ id, result: answers[method](params) });
  if (method === 'session/prompt') prompt(id, params);
  if (method === undefined && id === 'permission') {
    const answer = result?.outcome.optionId ?? result?.outcome.outcome ?? 'an error';
    say(params, `The answer was ${answer}.`);
    send({ id: prompting, result: { stopReason: 'end_turn' } });
  }
});

function prompt(id, params) {
  appendFileSync('prompts', `${JSON.stringify(params.prompt[0].text)}\n`);
  prompting = id;
  if (how === 'stubborn' || how === 'leaves-writers' || how === 'exits-0-on-signal') return;
  if (how === 'runs-a-tool') return begin(params, 'beside', 'pending');
  if (how === 'asks-beside-a-tool') {
    begin(params, 'beside', 'in_progress');
    const end = () => existsSync('finish') && update(params, toolUpdate('beside', 'completed'));
    watch('.', end);
    return ask(params);
  }
  if (how === 'asks') return ask(params);
  if (how === 'asks-late') return askWhenTold(params);
  say(params, 'I have done it.');
  send({ id, result: { stopReason: how === 'refuses' ? 'refusal' : 'end_turn' } });
}

/** Once somebody has made the file `ask`. */
function askWhenTold(params) {
  if (existsSync('ask')) return ask(params);
  setTimeout(() => askWhenTold(params), 5);
}

function ask(params) {
  asked += 1;
  const toolCallId = `t${asked}`;
  begin(params, toolCallId, 'pending');
  const rawInput = { command: 'rm -rf build' };
  send({
    id: 'permission',
    method: 'session/request_permission',
    params: {
      sessionId: params.sessionId,
      toolCall: { toolCallId, kind: 'execute', title: 'delete', rawInput },
      options: [
        { optionId: 'yes', name: 'Allow', kind: 'allow_once' },
        { optionId: 'no', name: 'Reject', kind: 'reject_once' },
      ],
    },
  });
}

function begin(params, toolCallId, status) {
  update(params, { sessionUpdate: 'tool_call', toolCallId, title: toolCallId, kind: 'execute', status });
}

function toolUpdate(toolCallId, status) {
  return { sessionUpdate: 'tool_call_update', toolCallId, status };
}

function say(params, text) {
  update(params, { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } });
}

function update(params, update) {
  const sessionId = params?.sessionId ?? `session-${process.pid}`;
  send({ method: 'session/update', params: { sessionId, update } });
}
