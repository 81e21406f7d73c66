/**
 * The SDK of Bookora Webhooks for services in Node that publish events, manage endpoints and follow
 * deliveries. Pages use `@bookora/webhooks-sdk/web`, receivers of webhooks `@bookora/webhooks-sdk/receiver`.
 *
 * @module
 */

export type { CertificateOptions } from './certificates.js';
export { Client, type NodeClientOptions } from './client.js';
export { type ErrorDetails, errorDetails } from './error_details.js';
export type { PublishRequest } from './idempotency_key.js';
export type { Pending } from './pending.js';
export type { Publisher, PublisherOptions } from './publisher.js';
export { resultOf } from './result.js';
export type { ServiceClient } from './service_client.js';
export type { ClientOptions } from './settings.js';
export { VERSION } from './version.js';
export type { Watch, WatchRequest } from './watch.js';
