import { CofferError } from '@coffer/kernel';
import type { PrincipalRow } from '../postgres/principals.js';
import { faultError, tokenError } from './errors.js';

const principal = { objectId: 'o' } as PrincipalRow;

describe('an error of the token endpoint', () => {
  it.each([
    ['invalid_client', {}, 400, 'unauthorized_client', 700016],
    ['invalid_client', { principal }, 401, 'invalid_client', 7000215],
    ['invalid_client', { principal, expired: true }, 401, 'invalid_client', 7000222],
    ['invalid_client', { principal, shown: 'assertion' }, 401, 'invalid_client', 700027],
    ['invalid_client', { principal, shown: 'nothing' }, 401, 'invalid_client', 7000218],
    ['invalid_client', { shown: 'assertion' }, 400, 'unauthorized_client', 700016],
    ['invalid_target', {}, 400, 'invalid_resource', 500011],
    ['unsupported_grant_type', {}, 400, 'unsupported_grant_type', 70003],
    ['invalid_request', {}, 400, 'invalid_request', 900144],
    ['unheard_of', {}, 418, 'unheard_of', 90000],
  ] as const)('%s with %j is worded as %i %s %i', (error, notes, status, word, code) => {
    const answer = tokenError(418, { error, error_description: 'text' }, notes, 'c');
    expect(answer).toMatchObject({ status, body: { error: word, error_codes: [code], correlation_id: 'c' } });
    expect(answer.body['error_description']).toMatch(new RegExp(`^AADSTS${code}: `));
  });

  it('that is a fault of ours asks to try again, and tells nothing of it', () => {
    const away = new CofferError('ServiceUnavailable', 'connect 10.0.0.1');
    const unavailable = tokenError(400, { error: 'invalid_client' }, { principal, fault: away }, 'c');
    expect(unavailable).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: { error: 'temporarily_unavailable' },
    });
    expect(JSON.stringify(unavailable)).not.toContain('10.0.0.1');
    expect(faultError(new CofferError('Throttled', 'x'), 'c').status).toBe(429);
    expect(faultError(new TypeError('x'), 'c')).toMatchObject({ status: 500, body: { error: 'server_error' } });
  });
});
