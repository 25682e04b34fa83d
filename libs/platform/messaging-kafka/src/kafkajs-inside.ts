import { createRequire } from 'node:module';

const KNOWN_VERSION = '2.2.4';
const require = createRequire(import.meta.url);

/**
 * A module inside the client library (`network/requestQueue`), to mend what it costs; undefined in any version but the one
 * whose insides are known here, where nothing is safe to change.
 */
export function insideKafkajs(name: string): unknown {
  const { version } = require('kafkajs/package.json') as { readonly version: string };
  return version === KNOWN_VERSION ? (require(`kafkajs/src/${name}`) as unknown) : undefined;
}
