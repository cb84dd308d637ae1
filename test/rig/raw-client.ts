import { request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';

export interface RawAnswer {
  readonly status: number;
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** False when the connection broke before the end. */
  readonly complete: boolean;
}

export interface RawSent {
  readonly path: string;
  readonly method?: string;
  /** Names and values in turn, as they are written. */
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
}

/** A call that is under way. */
export interface RawExchange {
  readonly request: ClientRequest;
  /** Resolves with the head; rejects when the connection breaks before it. */
  readonly head: Promise<IncomingMessage>;
}

/** Sends a request as an agent would, without reading the answer. */
export function begin(base: string, sent: RawSent): RawExchange {
  const url = new URL(base + sent.path);
  const body = Buffer.from(sent.body ?? '');
  const headers = ['Host', url.host, ...(sent.headers ?? []), 'Content-Length', String(body.length)];
  const request = requestHttp(url, { method: sent.method ?? 'POST', headers, agent: false });
  const head = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', reject);
  });
  head.catch(() => undefined);
  request.end(body);
  return { request, head };
}

/** Sends a request and reads the whole answer, or what came of it. Rejects when nothing came. */
export async function send(base: string, sent: RawSent): Promise<RawAnswer> {
  return readAll(await begin(base, sent).head);
}

export async function readAll(head: IncomingMessage): Promise<RawAnswer> {
  const chunks: Buffer[] = [];
  head.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((resolve) => head.once('close', resolve).on('error', () => undefined));
  const { statusCode = 0, rawHeaders, headers, complete } = head;
  return { status: statusCode, rawHeaders, headers, body: Buffer.concat(chunks), complete };
}
