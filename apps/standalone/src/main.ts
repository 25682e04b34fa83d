import { runProgram, startStandalone } from '@coffer/composition';

await runProgram({
  name: 'standalone',
  usage: 'npm start -- [flags]\n\nAll services of Coffer in one process, with an embedded PostgreSQL.',
  start: startStandalone,
});
