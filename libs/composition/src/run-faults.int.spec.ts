import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const composition = fileURLToPath(new URL('../dist/index.js', import.meta.url));

/** A service whose start succeeds and which then does this. */
async function run(fault: string): Promise<{ readonly code: number | null; readonly lines: string[] }> {
  const program = `
    import { runProgram } from ${JSON.stringify(composition)};
    const failure = () => Object.assign(new Error('duplicate key (hunter2)'),
      { severity: 'ERROR', routine: '_bt_check_unique', detail: 'Key (value)=(hunter2) already exists.' });
    const alive = setInterval(() => {}, 1000);
    await runProgram({ name: 'faulty', usage: '', start: async ({ closing }) => {
      closing.add(() => new Promise(() => {})); // never ends: nothing may wait for it
      setTimeout(() => { ${fault} });
    } });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] },
  });
  const output = text(child.stderr);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, lines: (await output).trim().split('\n') };
}

describe('a service with a fault that nobody handles', () => {
  it.each([
    ['uncaughtException', 'throw failure()'],
    ['unhandledRejection', 'void Promise.reject(failure())'],
  ])('ends at once and says so in one line, without what the error carries (%s)', async (fault, code) => {
    const ended = await run(code);
    expect(ended.code).toBe(1);
    expect(ended.lines).toHaveLength(1);
    expect(JSON.parse(ended.lines[0] ?? '')).toMatchObject({
      level: 60,
      program: 'faulty',
      fault,
      err: { type: 'Error', stack: expect.any(Array) as unknown },
    });
    expect(ended.lines[0]).not.toContain('hunter2');
  });
});
