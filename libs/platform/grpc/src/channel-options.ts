import type { ChannelOptions } from '@grpc/grpc-js';

const KEEPALIVE_MS = 1_000;
/** An event as large as Kafka takes it (16 MB), and what is around it. */
const MAX_MESSAGE_BYTES = 20 * 1024 * 1024;

/** Spreads calls over the instances; one that dies is noticed by its pings and left out. */
export const channelOptions = (service: string): ChannelOptions => ({
  'grpc.ssl_target_name_override': service,
  'grpc.default_authority': service,
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  'grpc.keepalive_time_ms': KEEPALIVE_MS,
  'grpc.keepalive_timeout_ms': KEEPALIVE_MS,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
});
