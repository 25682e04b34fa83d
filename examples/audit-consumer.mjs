/**
 * Prints every refused request as it happens, and goes on where it was after any interruption: with the environment of
 * coffer.env, `COFFER_AUDIT_URL=https://audit.localhost:8443 node examples/audit-consumer.mjs`.
 */
import { DefaultAzureCredential } from '@azure/identity';
import { EventSource } from 'eventsource';

const audit = process.env.COFFER_AUDIT_URL;
const credential = new DefaultAzureCredential();

/** The library reconnects by itself, with the id of the last event that it has seen; each time with a token that is good. */
const signedIn = async (url, init) => {
  const { token } = await credential.getToken(`${audit}/.default`);
  return fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
};

const stream = new EventSource(`${audit}/stream?result=Failure`, { fetch: signedIn });
stream.addEventListener('open', () => console.log('listening'));
stream.addEventListener('AuditEvent', ({ data, lastEventId }) => {
  const { time, operationName, properties, decisionReason } = JSON.parse(data);
  console.log(lastEventId, time, operationName, properties.httpStatusCode, decisionReason);
});
stream.addEventListener('error', ({ code }) => console.error('interrupted', code ?? ''));
