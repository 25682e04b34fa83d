import type { ServerDuplexStream } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall } from '@nestjs/microservices';
import type { Decision, PolicyChange, PolicyGrant, PolicyOwner, PolicyQuestion, PolicySource } from '@coffer/contracts';
import { CofferError } from '@coffer/kernel';
import type { Principal } from '@coffer/wire';
import { from, type Observable } from 'rxjs';
import { leaseStreamOf, runLeaseCall, type WireReply, type WireRequest } from '../lease-calls.js';
import type { Peer } from '../peer.js';
import type { GrpcBinding } from '../server.js';

const PACKAGE = 'coffer.policy.v1';
const SERVICE = 'Policy';
/** Grants of one part of a snapshot. */
const PART = 1_000;
/** The longest lease that may be configured. */
const ENFORCED_MS = 60_000;

interface WirePart {
  readonly revision: number;
  readonly grants: readonly PolicyGrant[];
}
interface WireCaller {
  readonly oid: string;
  readonly appid: string;
  readonly tid: string;
  readonly groups: readonly string[];
  readonly onBehalfOf: boolean;
}
interface WireQuestion {
  readonly caller: WireCaller | null;
  readonly action: string;
  readonly scope: string;
  readonly deniedAtRevision: number;
}
interface WireDecision {
  readonly effect: string;
  readonly reason: string;
  readonly revision: number;
}
interface WireChange {
  readonly change: number;
}

/** The policy engine for services that decide by themselves (proto/policy.proto). */
export function policyBinding(owner: PolicyOwner, callers: readonly string[]): GrpcBinding {
  @Controller()
  class PolicyController {
    @GrpcMethod(SERVICE, 'Snapshot')
    async snapshot(): Promise<Observable<WirePart>> {
      const { revision, grants } = await owner.snapshot();
      const parts: WirePart[] = [];
      for (let at = 0; at === 0 || at < grants.length; at += PART)
        parts.push({ revision, grants: grants.slice(at, at + PART) });
      return from(parts);
    }

    @GrpcStreamCall(SERVICE, 'Lease')
    lease(call: ServerDuplexStream<WireRequest, WireReply<WireChange>>): Promise<void> {
      return runLeaseCall<PolicyChange, WireChange>(
        call,
        (lease) => owner.lease(lease),
        ({ number }) => ({ change: number }),
      );
    }

    @GrpcMethod(SERVICE, 'Confirm')
    async confirm(question: WireQuestion): Promise<{ readonly decision: WireDecision }> {
      return { decision: toWire(await owner.confirm(fromQuestion(question))) };
    }

    @GrpcMethod(SERVICE, 'AwaitEnforced')
    async awaitEnforced({ revision }: { readonly revision: number }): Promise<object> {
      await owner.awaitEnforced(revision);
      return {};
    }
  }
  const allow = Object.fromEntries(
    ['Snapshot', 'Lease', 'Confirm', 'AwaitEnforced'].map((method) => [`/${PACKAGE}.${SERVICE}/${method}`, callers]),
  );
  const limits = { [`/${PACKAGE}.${SERVICE}/AwaitEnforced`]: ENFORCED_MS };
  return { package: PACKAGE, controllers: [PolicyController], allow, limits };
}

/** The policy engine in another process. */
export function remotePolicy(peer: Peer): PolicySource {
  return {
    snapshot: async () => {
      const parts = await peer.collect<WirePart>(PACKAGE, SERVICE, 'snapshot', {});
      return { revision: parts[0]?.revision ?? 0, grants: parts.flatMap(({ grants }) => grants) };
    },
    confirm: async (question) => {
      const { decision } = await peer.call<{ readonly decision: WireDecision | null }>(
        PACKAGE,
        SERVICE,
        'confirm',
        toQuestion(question),
        { idempotent: true },
      );
      if (decision === null) throw new CofferError('ServiceUnavailable', 'The policy engine gave no decision.');
      return fromWire(decision);
    },
    awaitEnforced: async (revision) => {
      await peer.call<object>(PACKAGE, SERVICE, 'awaitEnforced', { revision }, { deadlineMs: ENFORCED_MS });
    },
    lease: () =>
      leaseStreamOf<PolicyChange, WireChange>(peer.stream(PACKAGE, SERVICE, 'lease'), ({ change }) => ({
        number: change,
      })),
  };
}

function toQuestion({ principal, action, scope, deniedAtRevision }: PolicyQuestion): WireQuestion {
  const { oid, appid = '', tid, groups, onBehalfOf } = principal;
  return { caller: { oid, appid, tid, groups, onBehalfOf }, action, scope, deniedAtRevision };
}

function fromQuestion({ caller, action, scope, deniedAtRevision }: WireQuestion): PolicyQuestion {
  if (caller === null) throw new CofferError('BadParameter', 'The caller is missing.');
  const { appid, ...rest } = caller;
  const principal: Principal = { ...rest, ...(appid === '' ? {} : { appid }), issuer: '' };
  return { principal, action, scope, deniedAtRevision };
}

function toWire({ effect, reason, revision }: Decision): WireDecision {
  return { effect: effect === 'allow' ? 'EFFECT_ALLOW' : 'EFFECT_DENY', reason, revision: Number(revision) };
}

/** What is not ALLOW is a refusal. */
function fromWire({ effect, reason, revision }: WireDecision): Decision {
  return { effect: effect === 'EFFECT_ALLOW' ? 'allow' : 'deny', reason, revision: String(revision) };
}
