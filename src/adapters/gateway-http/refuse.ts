import type { ServerResponse } from 'node:http';

/** An answer of the gateway's own, in the shape that the agent understands. Nothing when an answer has begun. */
export function refuse(
  response: ServerResponse,
  answer: { readonly status: number; readonly body: object; readonly retryAfterS?: number },
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const after = answer.retryAfterS === undefined ? {} : { 'retry-after': String(answer.retryAfterS) };
  response
    .writeHead(answer.status, { 'content-type': 'application/json', ...after })
    .end(JSON.stringify(answer.body));
}
