import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

describe('the boundaries between projects', () => {
  it('are enforced by lint, every one of them', () => {
    // In a process of its own: ESLint loads its configuration in a way that does not work inside Jest.
    const check = fileURLToPath(new URL('./check.mjs', import.meta.url));

    const output = execFileSync(process.execPath, [check], { encoding: 'utf8' });

    const held = Number(/^(\d+) boundary rules hold$/m.exec(output)?.[1]);
    expect(held).toBeGreaterThan(40);
  });
});
