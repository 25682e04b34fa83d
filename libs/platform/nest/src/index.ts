export { createHttpServer } from './http/server.js';
export { listen, type Listener, type ListenOptions, type OnlyClient, type TlsMaterial } from './http/listener.js';
export type { HttpLog, HttpPorts, RawHandler } from './http/ports.js';
export { surface, type Surface } from './http/surface.js';
export { createLogger, nestLogger, type Logger, type LogLevel } from './logging.js';
export { endEventStreams } from './http/send-events.js';
