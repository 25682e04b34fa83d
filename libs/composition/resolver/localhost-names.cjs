'use strict';
/**
 * Preload (`NODE_OPTIONS=--require=…`) that resolves `*.localhost` to the loopback addresses, as RFC 6761 §6.3 asks of
 * name resolution libraries. For machines whose system resolver does not; it changes no other name.
 */
const dns = require('node:dns');

const systemLookup = dns.lookup;
const addresses = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

function lookup(hostname, options, callback) {
  const done = typeof options === 'function' ? options : callback;
  if (typeof hostname !== 'string' || !hostname.toLowerCase().endsWith('.localhost')) {
    return systemLookup.call(this, hostname, options, callback);
  }
  const asked =
    typeof options === 'number' ? { family: options } : typeof options === 'object' && options !== null ? options : {};
  const family = asked.family === 'IPv4' ? 4 : asked.family === 'IPv6' ? 6 : (asked.family ?? 0);
  const found = addresses.filter((entry) => family === 0 || entry.family === family);
  process.nextTick(() => {
    if (asked.all === true) done(null, found);
    else done(null, found[0].address, found[0].family);
  });
}

dns.lookup = lookup;
