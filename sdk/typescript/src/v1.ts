/**
 * The contract's messages, enums and services, as protoc-gen-es makes them. `create(BookingCreatedSchema, …)`
 * of `@bufbuild/protobuf` makes a message; wherever this SDK takes one it also takes its fields alone.
 *
 * @module
 */
export * from './v1/bookora/webhooks/v1/delivery_pb.js';
export * from './v1/bookora/webhooks/v1/delivery_query_pb.js';
export * from './v1/bookora/webhooks/v1/endpoint_admin_pb.js';
export * from './v1/bookora/webhooks/v1/endpoint_pb.js';
export * from './v1/bookora/webhooks/v1/error_reason_pb.js';
export * from './v1/bookora/webhooks/v1/event_ingest_pb.js';
export * from './v1/bookora/webhooks/v1/event_pb.js';
