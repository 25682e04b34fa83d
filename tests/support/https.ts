import https from 'node:https';
import tls from 'node:tls';
import { dev, type RunningCoffer } from './coffer.js';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Parsed body; undefined when there is none. */
  // A spec states what it expects of the body; the compiler cannot know.
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
  json<T = Record<string, unknown>>(): T;
}

/** The body of a refusal of the data plane (azure-api d.1), as far as specs read it. */
export interface WireError {
  readonly error: { readonly code: string; readonly message: string; readonly innererror?: { readonly code: string } };
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Objects are sent as JSON, text as it is. */
  readonly body?: unknown;
  readonly token?: string;
  readonly agent?: https.Agent;
  /** TLS name; defaults to the one of the URL, or of a `host` header. */
  readonly servername?: string;
}

/** One request as curl would make it, with the installation's CA trusted. */
export function ask(coffer: Pick<RunningCoffer, 'ca'>, url: string, request: Ask = {}): Promise<Answer> {
  const { body, token } = request;
  const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const headers: Record<string, string> = {
    ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...request.headers,
  };
  return new Promise((resolve, reject) => {
    const call = https.request(
      url,
      {
        method: request.method ?? 'GET',
        family: 4, // what a service says of its peer's address does not depend on which came first
        headers,
        ca: coffer.ca,
        ...(request.agent === undefined ? {} : { agent: request.agent }),
        ...(request.servername === undefined ? {} : { servername: request.servername }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            // The caller's claim about the body it expects.
            // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
            json: <T>() => (text === '' ? undefined : JSON.parse(text)) as T,
          });
        });
      },
    );
    call.on('error', reject);
    call.end(payload);
  });
}

/** What a client that writes HTTP by itself gets: status, the header fields in lower case, and what comes after them. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Sends lines of HTTP/1.1 as they are, with `Connection: close`, and reads until the server closes. */
export function askRaw(
  coffer: Pick<RunningCoffer, 'ca' | 'port'>,
  servername: string,
  lines: readonly string[],
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port: coffer.port, host: '127.0.0.1', servername, ca: coffer.ca });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', ...rest] = Buffer.concat(chunks).toString('utf8').split('\r\n\r\n');
      const [first = '', ...fields] = head.split('\r\n');
      const headers = fields.map((field) => [
        field.slice(0, field.indexOf(':')).toLowerCase(),
        field.slice(field.indexOf(':') + 1).trim(),
      ]);
      const status = Number(first.split(' ')[1]);
      resolve({ status, headers: Object.fromEntries(headers) as Record<string, string>, text: rest.join('\r\n\r\n') });
    });
    socket.write([...lines, 'Connection: close', '', ''].join('\r\n'));
  });
}

/** An access token of the built-in issuer for a resource, by client secret. */
export async function tokenFor(
  coffer: Pick<RunningCoffer, 'ca' | 'loginUrl'>,
  resource: string,
  credentials: { readonly clientId: string; readonly clientSecret: string } = dev,
): Promise<string> {
  const signIn = () =>
    ask(coffer, `${coffer.loginUrl}/adfs/oauth2/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: credentials.clientId,
        client_secret: credentials.clientSecret,
        scope: `${resource}/.default`,
      }).toString(),
    });
  let answer = await signIn();
  // Services that have started a moment ago, on a busy machine, may not reach one another in time.
  for (const end = Date.now() + 30_000; answer.status === 503 && Date.now() < end;) answer = await signIn();
  if (answer.status !== 200) throw new Error(`sign-in failed: ${answer.status} ${answer.text}`);
  return answer.json<{ access_token: string }>().access_token;
}

export const vaultResource = (coffer: Pick<RunningCoffer, 'port'>): string => `https://vault.localhost:${coffer.port}`;
