import { runAdmin } from '@coffer/composition';

await runAdmin(process.argv, process.env);
