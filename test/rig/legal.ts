import type { AssistantPart, Message } from '../../src/agent/model.ts';

/**
 * What the strictest provider would refuse in a history, or null when all would take it: a user message first, roles
 * that take turns, nothing blank, each call answered exactly once, in order, right after the message that made it.
 */
export function legalProblem(messages: readonly Message[]): string | null {
  const ids = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const where = `message ${index} (${message.role})`;
    const problem =
      turnProblem(messages, index) ??
      contentProblem(message) ??
      idProblem(message, ids) ??
      answerProblem(messages, index);
    if (problem !== null) return `${where}: ${problem}`;
  }
  return null;
}

/** As `legalProblem`, for a history that is about to be sent. */
export function sendableProblem(messages: readonly Message[]): string | null {
  const problem = legalProblem(messages);
  if (problem !== null) return problem;
  const last = messages.at(-1);
  if (!last) return 'there are no messages';
  return last.role === 'assistant' ? 'the last message is the assistant’s' : null;
}

function turnProblem(messages: readonly Message[], index: number): string | null {
  const role = messages[index]?.role;
  const before = messages[index - 1];
  if (before === undefined) return role === 'user' ? null : 'the first message is not the user’s';
  if (role === before.role) return 'two messages of one role in a row';
  if (role === 'tool' && before.role !== 'assistant') return 'results without calls before them';
  return null;
}

function contentProblem(message: Message): string | null {
  if (message.role === 'user') return message.text.trim() === '' ? 'blank text' : null;
  if (message.role === 'tool')
    return message.results.some(({ text }) => text.trim() === '') ? 'a blank result' : null;
  if (!message.parts.some(({ type }) => type !== 'reasoning')) return 'neither text nor a call';
  return message.parts.map(partProblem).find((problem) => problem !== null) ?? null;
}

function partProblem(part: AssistantPart): string | null {
  if (part.type === 'text') return part.text.trim() === '' ? 'blank text' : null;
  if (part.type === 'reasoning') return null;
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(part.callId)) return `the call id ${JSON.stringify(part.callId)}`;
  const { input } = part;
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  return isObject ? null : `the input of call ${part.callId} is no object`;
}

function idProblem(message: Message, ids: Set<string>): string | null {
  if (message.role !== 'assistant') return null;
  for (const part of message.parts) {
    if (part.type !== 'call') continue;
    if (ids.has(part.callId)) return `the call id ${part.callId} is there twice`;
    ids.add(part.callId);
  }
  return null;
}

function answerProblem(messages: readonly Message[], index: number): string | null {
  const message = messages[index];
  if (message?.role === 'tool') return answersOf(messages[index - 1], message);
  if (message?.role !== 'assistant' || !message.parts.some(({ type }) => type === 'call')) return null;
  return messages[index + 1]?.role === 'tool' ? null : 'calls without results after them';
}

function answersOf(before: Message | undefined, message: Extract<Message, { role: 'tool' }>): string | null {
  const calls = before?.role === 'assistant' ? before.parts.filter((part) => part.type === 'call') : [];
  const called = calls.map(({ callId }) => callId).join(' ');
  const answered = message.results.map(({ callId }) => callId).join(' ');
  return called === answered ? null : `calls [${called}] are answered by [${answered}]`;
}
