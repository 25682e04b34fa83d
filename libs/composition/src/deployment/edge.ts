/** What the edge needs to know to be configured. */
export interface EdgeOptions {
  readonly domain: string;
  /** `address:port` to listen on for clients; `[::1]:8443` for IPv6. */
  readonly listen: readonly string[];
  /** `host:port` of the HTTP ports of each service's instances. */
  readonly upstreams: Readonly<Record<EdgeUpstream, readonly string[]>>;
  /** Of the public names. */
  readonly certificate: TlsPair;
  /** The edge's own certificate between services, and the CA of the services'. */
  readonly service: TlsPair & { readonly caFile: string };
  /** Directory that nginx may write to: process id and temporary files. */
  readonly directory: string;
  readonly workers?: number;
}

export const edgeUpstreams = ['vault-management', 'crypto-gateway', 'policy-engine', 'audit-log', 'identity'] as const;
export type EdgeUpstream = (typeof edgeUpstreams)[number];

interface TlsPair {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Paths of vault hosts that the crypto gateway answers; every other one is vault management's, also those that nobody knows. */
export const GATEWAY_PATHS = '^/(keys|deletedkeys|rng)(/|$)';
/** ARM paths that the policy engine answers. */
export const POLICY_PATHS = '/providers/microsoft\\.authorization(/|$)';

/**
 * Configuration of nginx as the edge: public TLS, routes by host and path, mutual TLS to the services. nginx decides on the
 * path as it normalises it and passes on what the client sent; a service answers its own paths alone, so the worst that a
 * path which the two read differently can get is a 404.
 */
export function edgeConfiguration(options: EdgeOptions): string {
  const { domain, directory, certificate, service, workers = 2 } = options;
  const name = domain.replaceAll('.', '\\.');
  return `worker_processes ${workers};
daemon off;
pid ${directory}/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off;
  server_tokens off;
  default_type application/octet-stream;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;

${edgeUpstreams.map((upstream) => upstreamBlock(upstream, options.upstreams[upstream])).join('\n')}
  ssl_certificate ${certificate.certificateFile};
  ssl_certificate_key ${certificate.keyFile};
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:public:10m;
  ssl_session_timeout 10m;
  ssl_prefer_server_ciphers on;
  ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;

  # The services have limits of their own, and say so in the form of the wire.
  client_max_body_size 64m;
  client_body_buffer_size 128k;
  large_client_header_buffers 8 32k;
  client_header_timeout 30s;
  client_body_timeout 30s;
  keepalive_timeout 75s;
  keepalive_requests 1000000;

  proxy_http_version 1.1;
  # What a client says of itself is dropped; what the services believe is said here.
  proxy_set_header Host $http_host;
  proxy_set_header Connection "";
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Tls-Version $ssl_protocol;
  proxy_set_header X-Forwarded-Proto "";
  proxy_set_header X-Forwarded-Host "";
  proxy_set_header Forwarded "";
  proxy_set_header X-Real-Ip "";
  proxy_buffer_size 32k;
  proxy_buffers 8 32k;
  proxy_connect_timeout 1s;
  proxy_read_timeout 20s;
  proxy_send_timeout 20s;
  # A request that may have been carried out is given to another instance only when doing it twice is harmless.
  proxy_next_upstream error timeout;
  proxy_next_upstream_tries 2;
  # Shorter than the wait for an answer: who has not answered may still carry it out, and undo what was done after the other.
  proxy_next_upstream_timeout 5s;
  proxy_ssl_certificate ${service.certificateFile};
  proxy_ssl_certificate_key ${service.keyFile};
  proxy_ssl_trusted_certificate ${service.caFile};
  proxy_ssl_verify on;
  proxy_ssl_server_name on;
  proxy_ssl_session_reuse on;
  proxy_ssl_protocols TLSv1.3;
${server(options, 'login', `login.${domain}`, route('/', 'identity'))}
${server(
  options,
  'management',
  `management.${domain}`,
  `${route(`~* ${POLICY_PATHS}`, 'policy-engine')}\n${route('/', 'vault-management')}`,
)}
${server(options, 'audit', `audit.${domain}`, route('/', 'audit-log', 'proxy_buffering off; proxy_read_timeout 1h;'))}
${server(
  options,
  'vaults',
  `~^[a-z0-9-]+\\.vault\\.${name}$`,
  `${route(`~* ${GATEWAY_PATHS}`, 'crypto-gateway')}\n${route('/', 'vault-management')}`,
)}
${server(options, 'others', '_', route('/', 'vault-management'), ' default_server')}
}
`;
}

function upstreamBlock(name: EdgeUpstream, instances: readonly string[]): string {
  const servers = instances.map((instance) => `    server ${instance} max_fails=1 fail_timeout=1s;`);
  return `  upstream ${name} {\n${servers.join('\n')}\n    keepalive 64;\n    keepalive_requests 1000000;\n  }\n`;
}

function route(location: string, upstream: EdgeUpstream, more = ''): string {
  return `    location ${location} { proxy_ssl_name ${upstream}; proxy_pass https://${upstream}; ${more}}`;
}

/** nginx's own answers in the form of the wire; vault hosts have a word of their own for what is malformed. */
const errors = (malformed: string): string => `    error_page 502 504 = @away;
    error_page 400 414 494 495 496 497 501 = /.edge/malformed;
    error_page 405 = /.edge/method;
    error_page 413 = /.edge/large;
    location @away {
      internal;
      default_type application/json;
      add_header Retry-After 1 always;
      return 503 '{"error":{"code":"ServiceUnavailable","message":"The service is not available at the moment. Please retry."}}';
    }
    location = /.edge/malformed {
      internal;
      default_type application/json;
      return 400 '{"error":{"code":"${malformed}","message":"The request is malformed."}}';
    }
    location = /.edge/method {
      internal;
      default_type application/json;
      add_header Allow "GET, PUT, POST, PATCH, DELETE" always;
      return 405 '{"error":{"code":"MethodNotAllowed","message":"The HTTP method is not supported here."}}';
    }
    location = /.edge/large {
      internal;
      default_type application/json;
      return 413 '{"error":{"code":"RequestEntityTooLarge","message":"The request body is too large."}}';
    }`;

function server({ listen }: EdgeOptions, title: string, names: string, routes: string, flags = ''): string {
  const sockets = listen.map((address) => `    listen ${address} ssl${flags};`);
  return `
  # ${title}
  server {
${sockets.join('\n')}
    server_name ${names.startsWith('~') ? `"${names}"` : names};
${errors(title === 'vaults' ? 'BadParameter' : 'BadRequest')}
${routes}
  }`;
}
