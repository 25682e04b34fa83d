import { createSecrets, secretMigrations, secretProjections } from '@coffer/secrets-feature';
import { testContext, testVault } from '../support/context.js';
import { objectsSetup } from './objects-setup.js';
it('bench', async () => {
  const setup = await objectsSetup({ purpose: 'secrets', migrations: secretMigrations, projections: secretProjections });
  const s = createSecrets(setup.ports);
  const vault = testVault();
  const op = (operation: string, params: Record<string, string>, body?: unknown) =>
    s.controller.handlers[operation as 'SecretSet'](testContext(operation, { vault, params }), body);
  const run = async (label: string, n: number, work: (i: number) => Promise<unknown>) => {
    let next = 0;
    const t = performance.now();
    await Promise.all(Array.from({ length: 32 }, async () => { while (next < n) await work(next++); }));
    const ms = performance.now() - t;
    process.stderr.write(`${label}: ${Math.round((n / ms) * 1000)}/s\n`);
  };
  for (let k = 0; k < 3; k += 1) await run('set new', 3000, (i) => op('SecretSet', { name: `n${k}-${i}` }, { value: 'x'.repeat(100), tags: { a: 'b' } }));
  await run('set again', 3000, (i) => op('SecretSet', { name: `n0-${i}` }, { value: 'y' }));
  await run('set one of 32', 3000, (i) => op('SecretSet', { name: `n0-${i % 32}` }, { value: 'y' }));
  await run('get cold', 3000, (i) => op('SecretGet', { name: `n0-${i}` }));
  await run('get warm', 30000, (i) => op('SecretGet', { name: `n0-${i % 3000}` }));
  await run('list', 300, () => op('SecretList', {}));
  await run('set 90k', 90000, (i) => op('SecretSet', { name: `m-${i}` }, { value: 'x' }));
  await run('list at 1e5', 300, () => op('SecretList', {}));
  await run('set new', 3000, (i) => op('SecretSet', { name: `z-${i}` }, { value: 'x' }));
  await run('set again', 3000, (i) => op('SecretSet', { name: `n1-${i}` }, { value: 'y' }));
  await setup.close();
}, 300000);
