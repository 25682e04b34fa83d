/**
 * Coffer as separate services: instances of each behind the edge, on embedded PostgreSQL and a local Kafka. Takes the flags
 * of the standalone program that make sense here (`--dev`, `--data-dir`, `--port`, `--domain`) and answers as it does.
 */
import { parseArgs } from 'node:util';
import { runSplit } from './run.mjs';

const { values } = parseArgs({
  options: {
    dev: { type: 'boolean', default: false },
    'data-dir': { type: 'string' },
    port: { type: 'string', default: '8443' },
    domain: { type: 'string', default: 'localhost' },
    instances: { type: 'string', default: '2' },
    'base-port': { type: 'string' },
    'kafka-forward-port': { type: 'string' },
    'log-level': { type: 'string', default: 'info' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(`npm run split [-- flags]

The services of Coffer as separate processes behind nginx, on embedded PostgreSQL and Kafka (Java 17, or KAFKA_BROKERS).

  --data-dir DIR    what must survive a restart (default: as npm start, with the suffix -split)
  --port N          public TLS port (8443)
  --domain NAME     localhost
  --instances N     of each service (2)
  --base-port N     first of the internal ports, one after the other (default: free ones)
  --log-level L     info
  --dev             fixed credentials, for tests only
`);
} else {
  await runSplit({
    dev: values.dev,
    dataDir: values['data-dir'],
    port: Number(values.port),
    domain: values.domain,
    instances: Number(values.instances),
    basePort: values['base-port'] === undefined ? undefined : Number(values['base-port']),
    kafkaForwardPort: values['kafka-forward-port'] === undefined ? undefined : Number(values['kafka-forward-port']),
    logLevel: values['log-level'],
  });
}
