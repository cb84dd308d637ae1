import type { ServerResponse } from 'node:http';

/** An answer of the gateway's own, in the shape that the agent understands. Nothing when an answer has begun. */
export function refuse(
  response: ServerResponse,
  answer: { readonly status: number; readonly body: object },
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
}
