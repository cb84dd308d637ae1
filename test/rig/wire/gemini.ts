import type { Json, Wire } from './wire.ts';
import { BadRequest, callsOf, field, halves, History, list, someUsage, sse, text, word } from './wire.ts';

/** Google's generateContent, as a stream. */
export const geminiWire: Wire = {
  name: 'google',
  path: /^\/v1beta\/models\/[^/]+:streamGenerateContent$/,
  base: '/v1beta',
  key: (headers) => headers['x-goog-api-key'],
  read(body) {
    const reader = new Reader();
    for (const content of list(field(body, 'contents'), 'contents')) reader.read(content);
    return reader.history.messages;
  },
  write(turn, number) {
    const usage = turn.usage ?? someUsage;
    const calls = callsOf(turn, (n) => `${number}_${n}`);
    const chunk = (parts: readonly object[], more: object = {}): string =>
      sse({
        candidates: [{ content: { role: 'model', parts }, index: 0, ...more }],
        modelVersion: 'scripted',
      });
    return [
      ...(turn.reasoning === undefined
        ? []
        : halves(turn.reasoning).map((half) => chunk([{ text: half, thought: true }]))),
      ...(turn.text === undefined ? [] : halves(turn.text).map((half) => chunk([{ text: half }]))),
      ...calls.map((call, index) =>
        chunk([
          {
            functionCall: { name: call.tool, args: argsOf(call.json) },
            // Only the first call of a reply is signed.
            ...(index === 0 ? { thoughtSignature: signatureOf(call.tool) } : {}),
          },
        ]),
      ),
      sse({
        candidates: [
          {
            content: { role: 'model', parts: [{ text: '' }] },
            finishReason: turn.length === true ? 'MAX_TOKENS' : 'STOP',
            index: 0,
          },
        ],
        usageMetadata: {
          promptTokenCount: usage.inputTokens,
          cachedContentTokenCount: usage.cacheReadTokens,
          candidatesTokenCount: usage.outputTokens,
          totalTokenCount: usage.inputTokens + usage.outputTokens,
        },
      }),
    ];
  },
  error: (status, message) => ({ error: { code: status, message, status: 'ERROR' } }),
};

function argsOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

function signatureOf(tool: string): string {
  return Buffer.from(`signed ${tool}`).toString('base64');
}

/** Calls have no ids here: a result belongs to the next call of that name that has none. */
class Reader {
  readonly history = new History();
  #calls = 0;
  #waiting: { readonly id: string; readonly tool: string }[] = [];

  read(content: Json): void {
    const role = word(content, 'role');
    const parts = list(field(content, 'parts'), 'parts');
    if (parts.length === 0) throw new BadRequest('a content without parts');
    if (role === 'model') this.#readModel(parts);
    else if (role === 'user') this.#readUser(parts);
    else throw new BadRequest(`the role ${role}`);
  }

  #readModel(parts: readonly Json[]): void {
    let isFirstCall = true;
    for (const part of parts) {
      const call = field(part, 'functionCall');
      const said = field(part, 'text');
      if (call === undefined) {
        const type = field(part, 'thought') === true ? 'reasoning' : 'text';
        this.history.assistant({ type, text: text(said, 'text') });
        continue;
      }
      const tool = text(field(call, 'name'), 'name');
      if (isFirstCall && field(part, 'thoughtSignature') !== signatureOf(tool))
        throw new BadRequest(`the thoughtSignature of ${tool}`);
      isFirstCall = false;
      this.#calls += 1;
      const id = `g${this.#calls}`;
      this.#waiting.push({ id, tool });
      this.history.assistant({ type: 'call', callId: id, tool, input: field(call, 'args') });
    }
  }

  #readUser(parts: readonly Json[]): void {
    const texts: string[] = [];
    for (const part of parts) {
      const response = field(part, 'functionResponse');
      if (response === undefined) texts.push(text(field(part, 'text'), 'text'));
      else this.#readResponse(response);
    }
    if (texts.length > 0) this.history.user(texts.join('\n'));
  }

  #readResponse(response: Json): void {
    const tool = text(field(response, 'name'), 'name');
    const call = this.#waiting.shift();
    if (call?.tool !== tool)
      throw new BadRequest(`a result of ${tool}, but ${call?.tool ?? 'nothing'} was called`);
    const said = field(field(response, 'response'), 'content');
    this.history.result({ callId: call.id, tool, text: text(said, 'response'), isError: false });
  }
}
