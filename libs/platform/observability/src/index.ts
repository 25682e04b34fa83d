export { Metrics, type AnsweredRequest } from './metrics.js';
export { startInternalServer, type InternalServerOptions } from './internal-server.js';
