import { ownerLogBinding, remoteOwnerLog, statusOf, type CallObserver, type Peer } from '@coffer/grpc';
import { CofferError, type ErrorCode } from '@coffer/kernel';
import { status } from '@grpc/grpc-js';
import { fakeLog, GrpcSetup, until } from './grpc-setup.js';

const PACKAGE = 'coffer.eventlog.v1';
const HEADS = `/${PACKAGE}.OwnerLog/Heads`;
let setup: GrpcSetup;
beforeEach(async () => {
  setup = await GrpcSetup.make();
});
afterEach(() => setup.close());

/** A method that does what is said, and counts. */
function method<T>(work: (call: number) => Promise<T>) {
  let calls = 0;
  return {
    run: () => work((calls += 1)),
    get calls() {
      return calls;
    },
  };
}
const never = () => new Promise<never>(() => undefined);
const heads = (peer: Peer, options: Parameters<Peer['call']>[4]) =>
  peer.call<object>(PACKAGE, 'OwnerLog', 'heads', {}, options);

describe('an error of a method', () => {
  it('is the same error for the caller, whatever its code', async () => {
    let thrown = new CofferError('Internal', '');
    const server = await setup.serve({ log: fakeLog({ heads: () => Promise.reject(thrown) }) });
    const peer = setup.peer([server.port]);
    for (const code of Object.keys(statusOf) as ErrorCode[]) {
      thrown = new CofferError(code, `What ${code} says, 100 % „ä“ \ud83d`, {
        retryAfterSeconds: 7,
        challenge: 'Bearer authorization="https://login.localhost", resource="ä"',
      });
      const received: unknown = await heads(peer, {}).catch((error: unknown) => error);
      const { message, details } = thrown;
      expect(received).toMatchObject(
        code === 'Internal' ? { code } : { name: 'CofferError', code, message: message.toWellFormed(), details },
      );
      expect(received).toMatchObject({ cause: { code: statusOf[code] } });
    }
  });

  it.each([
    new Error('password=hunter2'),
    new CofferError('Internal', 'password=hunter2'),
    ...(['hunter2', undefined] as unknown as Error[]),
  ])('that is nobody else’s business is logged and not told (%#)', async (thrown) => {
    const server = await setup.serve({ log: fakeLog({ heads: () => Promise.reject(thrown) }) });
    const received: unknown = await heads(setup.peer([server.port]), {}).catch((error: unknown) => error);
    expect(received).toMatchObject({ code: 'Internal', cause: { code: status.INTERNAL } });
    expect(`${String(received)} ${String((received as CofferError).cause)}`).not.toContain('hunter2');
    expect(server.faults).toEqual([thrown]);
  });
});

describe('a call that fails because its peer is away', () => {
  const away = () => Promise.reject(new CofferError('ServiceUnavailable', 'The database is away.'));
  const at = (failures: number) =>
    method((call) => (call > failures ? Promise.resolve([{ vaultId: 'v', seq: 1 }]) : away()));
  /** Every try has a part of the deadline: the first one's has to do for connecting. */
  const unhurried = { idempotent: true, deadlineMs: 60_000 };

  it('is repeated when it may be made twice', async () => {
    const flaky = at(2);
    const server = await setup.serve({ log: fakeLog({ heads: flaky.run }) });
    expect(await heads(setup.peer([server.port]), unhurried)).toMatchObject({ heads: [{ seq: 1 }] });
    expect(flaky.calls).toBe(3);
  });

  it('is made once when it may not', async () => {
    const flaky = at(1);
    const server = await setup.serve({ log: fakeLog({ heads: flaky.run }) });
    await expect(heads(setup.peer([server.port]), {})).rejects.toMatchObject({ message: 'The database is away.' });
    expect(flaky.calls).toBe(1);
  });

  it('is given up after a few times', async () => {
    const dead = at(Infinity);
    const server = await setup.serve({ log: fakeLog({ heads: dead.run }) });
    await expect(heads(setup.peer([server.port]), unhurried)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    expect(dead.calls).toBe(4);
  });

  it('is not repeated for any other reason', async () => {
    const refusing = method(() => Promise.reject(new CofferError('Throttled', 'Too many.')));
    const server = await setup.serve({ log: fakeLog({ heads: refusing.run }) });
    await expect(heads(setup.peer([server.port]), { idempotent: true })).rejects.toMatchObject({ code: 'Throttled' });
    expect(refusing.calls).toBe(1);
  });
});

describe('a call that is not answered', () => {
  it('ends at its deadline', async () => {
    const server = await setup.serve({ log: fakeLog({ heads: never }) });
    const began = performance.now();
    await expect(heads(setup.peer([server.port]), { deadlineMs: 200 })).rejects.toMatchObject({
      code: 'ServiceUnavailable',
      cause: { code: status.DEADLINE_EXCEEDED },
    });
    expect(performance.now() - began).toBeLessThan(2_800);
  });

  it('ends at the limit of its method when the caller would wait longer', async () => {
    const binding = { ...ownerLogBinding(fakeLog({ heads: never }), ['crypto-gateway']), limits: { [HEADS]: 100 } };
    const server = await setup.serve({ bindings: [binding] });
    await expect(heads(setup.peer([server.port]), { deadlineMs: 50_000 })).rejects.toMatchObject({
      cause: { code: status.DEADLINE_EXCEEDED, details: 'The call took too long.' },
    });
  });
});

describe('calls', () => {
  it('are told of on both sides, with what travels with them', async () => {
    const told: unknown[] = [];
    const observer: CallObserver = {
      called: (...call) => told.push(call.slice(0, 3)),
      leaves: (name) => ({
        headers: { traceparent: '00-a-b-01' },
        end: (code) => told.push(['left', name, code]),
      }),
      arrives: (name, header) => ({
        within: (work) => {
          told.push([name, header('traceparent'), header('tracestate')]);
          work();
        },
        end: (code) => told.push(['arrived', name, code]),
      }),
    };
    const server = await setup.serve({ observer });
    await heads(setup.peer([server.port], { observer }), {});
    expect(told).toContainEqual([HEADS, '00-a-b-01', undefined]);
    const ended = told.filter((call) => Array.isArray(call) && call[1] === HEADS);
    expect(ended).toEqual([
      ['server', HEADS, status.OK],
      ['arrived', HEADS, status.OK],
      ['client', HEADS, status.OK],
      ['left', HEADS, status.OK],
    ]);
  });
});

describe('a server', () => {
  const health = (peer: Peer) => peer.health().catch(() => 'away');

  it('serves when it is told to and can, and then no more', async () => {
    let able = false;
    const server = await setup.serve({ ready: () => (able ? Promise.resolve() : Promise.reject(new Error('no'))) });
    const peer = setup.peer([server.port]);
    expect(await health(peer)).toBe('NOT_SERVING');
    able = true;
    server.setServing(true);
    await until(
      () => health(peer),
      (answer) => answer === 'SERVING',
    );
    able = false;
    await until(
      () => health(peer),
      (answer) => answer === 'NOT_SERVING',
    );
    await server.close();
    expect(await health(peer)).toBe('away');
  });

  it('that stops finishes what it has begun, ends streams, and takes no more', async () => {
    let finish: (heads: readonly []) => void = () => undefined;
    const begun = method(() => new Promise<readonly []>((resolve) => (finish = resolve)));
    const server = await setup.serve({ log: fakeLog({ heads: begun.run }), graceMilliseconds: 30_000 });
    const peer = setup.peer([server.port]);
    const running = heads(peer, { deadlineMs: 9_000 });
    await until(
      () => begun.calls,
      (calls) => calls === 1,
    );
    const closed = server.close();
    const other = setup.peer([server.port]);
    await expect(remoteOwnerLog(other).heads()).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    finish([]);
    expect(await running).toMatchObject({ heads: [] });
    await closed;
    expect(begun.calls).toBe(1);
  });

  it('that stops waits no longer than its grace', async () => {
    const begun = method(never);
    const server = await setup.serve({ log: fakeLog({ heads: begun.run }), graceMilliseconds: 100 });
    const running = heads(setup.peer([server.port]), { deadlineMs: 9_000 });
    const outcome = expect(running).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    await until(
      () => begun.calls,
      (calls) => calls === 1,
    );
    await server.close();
    await outcome;
  });
});
