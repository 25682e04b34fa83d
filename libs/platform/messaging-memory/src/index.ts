export { createMemoryFeed, type MemoryFeedOptions } from './memory-feed.js';
