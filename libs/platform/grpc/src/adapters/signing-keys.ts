import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { Peer } from '../peer.js';
import type { GrpcBinding } from '../server.js';

const PACKAGE = 'coffer.identity.v1';
const SERVICE = 'SigningKeys';

/** Public keys of the built-in issuer: a JSON Web Key Set (RFC 7517 §5). `refresh` asks for a new look at what is stored. */
export type PublishedKeys<Jwks extends object> = (options: { readonly refresh: boolean }) => Promise<Jwks>;

/** Answers verifiers in other processes (proto/identity.proto). */
export function signingKeysBinding(published: PublishedKeys<object>, callers: readonly string[]): GrpcBinding {
  @Controller()
  class SigningKeysController {
    @GrpcMethod(SERVICE, 'Published')
    async published({ refresh }: { readonly refresh: boolean }): Promise<{ readonly jwks: Buffer }> {
      return { jwks: Buffer.from(JSON.stringify(await published({ refresh })), 'utf8') };
    }
  }
  return {
    package: PACKAGE,
    controllers: [SigningKeysController],
    allow: { [`/${PACKAGE}.${SERVICE}/Published`]: callers },
  };
}

/** After this time a kept answer is asked for again, so that a withdrawn key does not live on. */
const KEEP_MS = 60_000;

/** The issuer's keys from identity, kept in memory; a kept answer older than a minute is used only once a new one has come. */
export function remoteSigningKeys<Jwks extends object>(peer: Peer): PublishedKeys<Jwks> {
  let kept: { readonly jwks: Jwks; readonly at: number } | undefined;
  const asking = new Map<boolean, Promise<Jwks>>();
  const ask = async (refresh: boolean): Promise<Jwks> => {
    const at = performance.now();
    const reply = await peer.call<{ readonly jwks: Buffer }>(
      PACKAGE,
      SERVICE,
      'published',
      { refresh },
      { idempotent: true },
    );
    const jwks = JSON.parse(reply.jwks.toString('utf8')) as Jwks;
    kept = { jwks, at };
    return jwks;
  };
  return ({ refresh }) => {
    if (!refresh && kept !== undefined && performance.now() - kept.at < KEEP_MS) return Promise.resolve(kept.jwks);
    // Whoever asks for a new look must not be given an answer that was on its way before.
    let answer = asking.get(refresh);
    if (answer === undefined) {
      answer = ask(refresh).finally(() => asking.delete(refresh));
      asking.set(refresh, answer);
    }
    return answer;
  };
}
