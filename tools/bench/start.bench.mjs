/** Start to ready, first (with initdb) and later; resident memory when idle. */
import { rmSync } from 'node:fs';
import { residentMegabytes, startCoffer } from './coffer.mjs';
import { median, report } from './report.mjs';

const first = await startCoffer();
report('start to ready, first start with initdb', first.readyAfter / 1000, 's', '≤ 4 s', first.readyAfter <= 4000);
await first.stop();
const later = [];
for (let i = 0; i < 3; i += 1) {
  const again = await startCoffer(first.directory);
  later.push(again.readyAfter);
  if (i === 2) {
    // Long enough for lazy work of the start to end and for the collector to have run.
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    const memory = residentMegabytes(again.pid);
    report('resident memory of the Node process, idle', memory, 'MB', '≤ 180 MB', memory <= 180);
  }
  await again.stop();
}
rmSync(first.directory, { recursive: true, force: true });
const usual = median(later);
report('start to ready, later (median of 3)', usual / 1000, 's', '≤ 2 s', usual <= 2000);
