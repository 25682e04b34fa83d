/**
 * Settings of the server for one small vault: durable, modest in memory, silent about statements. They go on the command
 * line, so postgresql.conf stays as initdb made it.
 */
export const defaultSettings: Readonly<Record<string, string>> = {
  // Reached through its socket only, by its own user only.
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '200',
  // An acknowledged commit is on disk, and a torn page is repaired. Never weaken outside tests.
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  shared_buffers: '64MB',
  max_wal_size: '512MB',
  jit: 'off',
  idle_in_transaction_session_timeout: '30s',
  TimeZone: 'UTC',
  // Errors of statements go to the client alone: their texts, details and parameters may hold customers' data.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_parameter_max_length_on_error: '0',
  log_checkpoints: 'off',
  log_line_prefix: '',
  log_timezone: 'UTC',
};
