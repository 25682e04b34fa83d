/** The reference: one Fastify route over the same TLS that answers the same bytes and does nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastify from 'fastify';
import { serverTlsOptions } from '@coffer/tls';

const [port, tls, body] = process.argv.slice(2);
const read = (name) => readFileSync(join(tls, name));
const server = fastify({ https: serverTlsOptions(read('server.pem'), read('server.key')) });
server.get('/secrets/:name', (_request, reply) => reply.type('application/json; charset=utf-8').send(body));
await server.listen({ host: '127.0.0.1', port: Number(port) });
console.log('listening');
