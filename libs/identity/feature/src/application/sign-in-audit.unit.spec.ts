import type { IncomingMessage } from 'node:http';
import { CofferError } from '@coffer/kernel';
import { recordSignIn, signInRow, type SignIn } from './sign-in-audit.js';

const ports = {
  clock: { now: () => 1_000_250, monotonic: () => 0 },
  loginUrl: 'https://login.localhost:8443',
  region: 'local',
};
const request = {
  headers: { 'user-agent': 'agent\u0001', authorization: 'Basic c2VjcmV0', 'x-identity-header': 'a.secret' },
  socket: { remoteAddress: '::ffff:10.0.0.1' },
} as unknown as IncomingMessage;
const signIn = (changes: Partial<SignIn> = {}): SignIn => ({
  request,
  now: 1_000_000,
  correlationId: 'c',
  path: '/adfs/oauth2/token',
  status: 200,
  clientId: 'app',
  objectId: 'oid',
  resource: 'https://vault',
  error: undefined,
  ...changes,
});

describe('the record of a sign-in', () => {
  it('tells who asked for what, from where, and how it ended', () => {
    const { recordId, body } = signInRow(ports, signIn());
    expect(body).toMatchObject({
      recordId,
      operationName: 'Authentication',
      resultType: 'Success',
      decision: 'allow',
      durationMs: '250',
      callerIpAddress: '10.0.0.1',
      identity: { claim: { appid: 'app' } },
      properties: { httpStatusCode: 200, resource: 'https://vault', clientInfo: 'agent?' },
    });
    expect(JSON.stringify(body)).not.toMatch(/c2VjcmV0|secret/);
  });

  it('of a refusal says so, with what the caller sent made printable and short', () => {
    const refusal = { status: 401, error: 'invalid_client', clientId: `\u0000${'x'.repeat(999)}`, objectId: undefined };
    const { body } = signInRow(ports, signIn(refusal));
    expect(body).toMatchObject({ resultType: 'Failure', decision: 'deny', decisionReason: 'invalid_client' });
    expect(body).toMatchObject({ identity: { claim: { appid: `?${'x'.repeat(299)}` } } });
  });

  it.each([
    [new Error('disk full'), 'ServiceUnavailable'],
    [new CofferError('ServiceUnavailable', 'x'), 'ServiceUnavailable'],
    [new CofferError('Throttled', 'x'), 'Throttled'],
  ])('that fails with %s refuses the sign-in as %s', async (fault, code) => {
    const audit = { record: () => Promise.reject(fault) };
    await expect(recordSignIn({ ...ports, audit }, signIn())).rejects.toMatchObject({ code });
  });
});
