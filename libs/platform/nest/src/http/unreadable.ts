import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { CofferError, systemErrorCode } from '@coffer/kernel';
import { toErrorResponse, type Hosts } from '@coffer/wire';

/** As Node keeps it: the answer that is being written on a connection. */
interface Answering {
  readonly _httpMessage?: { readonly headersSent: boolean } | null;
}

/** Answers what Node cannot read as HTTP in the form of the wire, and closes: where the next request begins is unknown. */
export function refuseUnreadable(error: Error, socket: Duplex, hosts: Hosts): void {
  const halfAnswered = (socket as Answering)._httpMessage?.headersSent === true;
  if (socket.writable && !halfAnswered && systemErrorCode(error) !== 'ECONNRESET') {
    const dialled = socket instanceof TLSSocket ? socket.servername : undefined;
    const name = typeof dialled === 'string' ? dialled : undefined;
    socket.write(answerTo(error, hosts.resolve(name)?.host ?? 'management'));
  }
  socket.destroy();
}

function answerTo(error: Error, host: Parameters<typeof toErrorResponse>[1]): string {
  const isLate = systemErrorCode(error) === 'ERR_HTTP_REQUEST_TIMEOUT';
  const refusal = isLate
    ? new CofferError('RequestTimeout', 'The request did not come in time.')
    : new CofferError('BadParameter', 'The request is malformed.');
  const { status, headers, body } = toErrorResponse(refusal, host);
  const text = JSON.stringify(body);
  const fields = {
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${text}`;
}
