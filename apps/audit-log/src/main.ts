import { runProgram, singleService } from '@coffer/composition';

await runProgram(singleService('audit-log'));
