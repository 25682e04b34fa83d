export type { KafkaConnection, KafkaLog, KafkaTls } from './connection.js';
export { createKafkaFeed, type KafkaFeed, type KafkaFeedOptions } from './kafka-feed.js';
export { KafkaStrategy, type KafkaStrategyOptions } from './kafka-strategy.js';
export { openKafka } from './connection.js';
export type { FeedObserver, FeedReports } from './observer.js';
export { kafkaTlsFiles, type KafkaTlsFiles } from './tls-files.js';
export { checkTopics, ensureTopics, TopicsError, type TopicSpec } from './topics.js';
export { grantTopics, type EarlierGrants, type Grant } from './grants.js';
