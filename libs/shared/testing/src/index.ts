export { scenario, type Given, type Outcome } from './scenario.js';
export { seededRandom, type Random } from './random.js';
export { faultyFeed, type FaultyFeed, type FeedFaults } from './faulty-feed.js';
export { Inbox } from './inbox.js';
export { anAppend, anEvent, aMeta, appendRetrying } from './appends.js';
export { describeFeed, type FeedUnderTest } from './feed-contract.js';
export { describeEventStore, type EventStoreUnderTest } from './event-store-contract.js';
export { describeEcSignatures, type EcSignaturesUnderTest } from './ec-signatures-contract.js';
export { describeRsaSignatures } from './rsa-signatures-contract.js';
