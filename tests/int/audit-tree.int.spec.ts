import {
  entryBytes,
  leafHash,
  openCheckpoint,
  parseBundle,
  parseEntry,
  recordHash,
  tilePath,
  tilesOf,
  verifyConsistency,
  verifyInclusion,
} from '@coffer/audit-domain';
import { TamperedLogError, TreeController, TreeKeeper } from '@coffer/audit-feature';
import { newId } from '@coffer/kernel';
import { createPublicKey } from 'node:crypto';
import { aMessage, aRecord, auditSetup, type AuditSetup } from './audit-setup.js';

let setup: AuditSetup;
let keeper: TreeKeeper;
let controller: TreeController;
beforeEach(async () => {
  setup = await auditSetup();
  const { ports } = setup;
  keeper = new TreeKeeper(ports, ports.signer);
  controller = new TreeController(ports, ports.signer);
});
afterEach(() => setup.close());

const publicKey = () => ({ name: 'audit.test', key: createPublicKey(setup.ports.signer.key) });

async function add(count: number, vaultId?: string): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId());
  const records = ids.map((recordId) => ({ ...aRecord({ recordId }), ...(vaultId === undefined ? {} : { vaultId }) }));
  await setup.log.ingest(records.map(aMessage));
  return ids;
}

type Handler = keyof TreeController['handlers'];
const ask = (operation: Handler, query: Record<string, string> = {}, params: Record<string, string> = {}) => {
  const context = { query, params, baseUrl: 'https://audit.test', audit: { describe: () => undefined } };
  return controller.handlers[operation](context as never, undefined);
};
const head = async () =>
  openCheckpoint(Buffer.from((await ask('AuditCheckpointGet')).bytes?.content ?? []).toString(), publicKey());
const tile = async (path: string) =>
  (await ask('AuditTileGet', {}, { '*': path.slice('tile/'.length) })).bytes?.content;
const unbase64 = (text: string) => Buffer.from(text, 'base64');

describe('the tree over the log', () => {
  it('proves each record, by index and by id, against the signed head', async () => {
    const ids = await add(300, 'vault-1');
    await keeper.step();
    const { size, root } = await head();
    expect(size).toBe(300);
    for (const index of [0, 1, 255, 256, 299]) {
      const { body } = await ask('AuditInclusionProofGet', { recordId: ids[index] ?? '' });
      const proof = body as { index: number; treeSize: number; rootHash: string; hashes: string[] };
      expect([proof.index, proof.treeSize]).toEqual([index, 300]);
      const { rows } = await setup.ports.database.query<{ record: string }>(
        'SELECT record FROM audit_records WHERE log_index = $1',
        [index],
      );
      const entry = entryBytes({
        index,
        recordHash: recordHash(rows[0]?.record ?? ''),
        vaultId: 'vault-1',
        vaultIndex: index,
      });
      expect(verifyInclusion(leafHash(entry), index, size, proof.hashes.map(unbase64), root)).toBe(true);
    }
  });

  it('extends every head that was published, whatever the steps', async () => {
    let before = { size: 0, root: Buffer.alloc(0) as Uint8Array };
    for (const more of [1, 2, 250, 3, 600, 1]) {
      await add(more);
      await keeper.step();
      const now = await head();
      expect(now.size).toBe(before.size + more);
      if (before.size > 0) {
        const { body } = await ask('AuditConsistencyProofGet', { from: String(before.size), to: String(now.size) });
        expect(verifyConsistency(before, now, (body as { hashes: string[] }).hashes.map(unbase64))).toBe(true);
      }
      before = now;
    }
  });

  it('serves its tiles and entries as C2SP tlog-tiles has them', async () => {
    await add(513, 'vault-1');
    await keeper.step();
    for (const id of tilesOf(513)) expect((await tile(tilePath(id)))?.length).toBe(id.width * 32);
    const first = await tile('tile/0/000');
    const entries = parseBundle((await tile('tile/entries/000')) ?? Buffer.alloc(0));
    expect(Buffer.concat(entries.map(leafHash)).equals(first ?? Buffer.alloc(0))).toBe(true);
    expect(parseEntry(entries[7] ?? Buffer.alloc(0))).toMatchObject({ index: 7, vaultId: 'vault-1', vaultIndex: 7 });
    for (const path of ['tile/0/003', 'tile/0/002.p/2', 'tile/entries/002.p/2', 'tile/3/000.p/1', 'tile/0/2']) {
      await expect(tile(path)).rejects.toMatchObject({ code: 'ResourceNotFound' });
    }
  });

  it('is grown by several instances at once without a gap or a second root', async () => {
    const others = Array.from({ length: 3 }, () => new TreeKeeper(setup.ports, setup.ports.signer));
    await Promise.all([
      ...Array.from({ length: 6 }, () => add(97)),
      ...[keeper, ...others].flatMap((each) => [each.step(), each.step(), each.step()]),
    ]);
    await keeper.step();
    expect((await head()).size).toBe(582);
    const { rows } = await setup.ports.database.query<{ n: string }>('SELECT count(*) AS n FROM audit_entries');
    expect(rows[0]?.n).toBe('582');
  });

  it('is not signed any more when what is stored does not extend what was signed', async () => {
    await add(40);
    await keeper.step();
    const signed = await head();
    await setup.ports.database.query(
      `UPDATE audit_tiles SET hashes = set_byte(hashes, 5, 255 - get_byte(hashes, 5)) WHERE level = 0`,
    );
    await add(1);
    await expect(keeper.step()).rejects.toThrow(TamperedLogError);
    expect(await head()).toEqual(signed);
  });

  it('goes on where a crash left it', async () => {
    await add(10);
    const { database } = setup.ports;
    let calls = 0;
    const failing = new TreeKeeper(
      {
        ...setup.ports,
        database: Object.assign(Object.create(database) as typeof database, {
          transaction: (work: never) =>
            (calls += 1) === 2 ? Promise.reject(new Error('crash')) : database.transaction(work),
        }),
      },
      setup.ports.signer,
    );
    await expect(failing.step()).rejects.toThrow('crash');
    await expect(ask('AuditCheckpointGet')).rejects.toMatchObject({ code: 'ResourceNotFound' });
    await keeper.step();
    expect((await head()).size).toBe(10);
  });

  it.each([
    ['AuditInclusionProofGet', {}, 'index'],
    ['AuditInclusionProofGet', { index: '-1' }, 'index'],
    ['AuditInclusionProofGet', { index: '1', recordId: 'x' }, 'index'],
    ['AuditConsistencyProofGet', { from: '0' }, 'from'],
    ['AuditConsistencyProofGet', { from: '1', nonsense: '1' }, 'nonsense'],
  ] as const)('%s refuses %p and names the parameter', async (operation, query, name) => {
    await add(3);
    await keeper.step();
    await expect(ask(operation, query)).rejects.toMatchObject({
      code: 'BadParameter',
      message: expect.stringContaining(name) as string,
    });
  });
});
