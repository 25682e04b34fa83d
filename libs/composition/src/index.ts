export { runProgram, type Program, type ProgramContext } from './run.js';
export { startStandalone } from './standalone.js';
export { singleService } from './single.js';
export { runAdmin } from './admin.js';
