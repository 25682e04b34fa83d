import { isUtf8 } from 'node:buffer';
import { CofferError } from '@coffer/kernel';
import type { FastifyInstance } from 'fastify';

/** Largest JSON body in bytes: a secret value of 25,600 bytes, every character escaped (`\u00XX`), with tags. */
export const DATA_PLANE_LIMIT = 256 * 1024;
/** A vault with 1024 access policies that spell every permission out. */
export const MANAGEMENT_LIMIT = 2 * 1024 * 1024;

const JSON_TYPE = /^(application|text)\/(json|[\w.+-]+\+json)\s*(;|$)/i;

/** Bodies reach the pipeline as bytes, whatever they claim to be; what they must be is decided when an operation wants one. */
export function takeBodiesAsBytes(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
}

/**
 * JSON body of a request; `undefined` when there is none. Throws UnsupportedMediaType, BadParameter (not UTF-8, not
 * JSON); the message repeats nothing of the body.
 */
export function parseJsonBody(bytes: unknown, contentType: string | undefined): unknown {
  if (!Buffer.isBuffer(bytes) || bytes.length === 0) return undefined;
  if (contentType !== undefined && !JSON_TYPE.test(contentType)) {
    throw new CofferError('UnsupportedMediaType', 'The content type of the request must be application/json.');
  }
  if (!isUtf8(bytes)) throw malformed();
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw malformed();
  }
}

function malformed(): CofferError {
  return new CofferError('BadParameter', 'The request body is not valid JSON.');
}
