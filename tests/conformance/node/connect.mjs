// The script with Connect, over gRPC or, as a browser does, over gRPC-Web.

import { createRegistry, fromJson, toJson } from '@bufbuild/protobuf';
import { Code, createClient } from '@connectrpc/connect';

import { Watch, connectGrpc, connectGrpcWeb } from './caller_connect.mjs';
import { Script, readArguments } from './script.mjs';
import { DeliveryQuery, WatchDeliveriesResponseSchema } from './gen/bookora/webhooks/v1/delivery_query_pb.js';
import { EndpointAdmin } from './gen/bookora/webhooks/v1/endpoint_admin_pb.js';
import { EventIngest } from './gen/bookora/webhooks/v1/event_ingest_pb.js';
import { BadRequestSchema, ErrorInfoSchema, ResourceInfoSchema } from './gen/google/rpc/error_details_pb.js';
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from './gen/health/v1/health_pb.js';

const DETAILS = [ErrorInfoSchema, BadRequestSchema, ResourceInfoSchema];
const JSON_OPTIONS = { registry: createRegistry(...DETAILS), alwaysEmitImplicit: true };

class Calls {
  constructor(transport) {
    this.query = createClient(DeliveryQuery, transport);
    this.healthClient = createClient(Health, transport);
    // Each call by its name, whichever service has it.
    this.methods = new Map();
    for (const service of [EventIngest, EndpointAdmin, DeliveryQuery]) {
      const client = createClient(service, transport);
      for (const [name, method] of Object.entries(service.method)) {
        this.methods.set(name, { method, call: client[name] });
      }
    }
  }

  async call(name, json) {
    const { method, call } = this.methods.get(name);
    return toJson(method.output, await call(fromJson(method.input, json)), JSON_OPTIONS);
  }

  async health(service) {
    return ServingStatus[(await this.healthClient.check({ service })).status];
  }

  watch(json) {
    const watch = new Watch(this.query, fromJson(DeliveryQuery.method.watchDeliveries.input, json));
    return {
      get resumed() {
        return watch.resumed;
      },
      async *[Symbol.asyncIterator]() {
        for await (const message of watch) {
          yield toJson(WatchDeliveriesResponseSchema, message, JSON_OPTIONS);
        }
      },
    };
  }

  stream(json, timeoutMs) {
    return this.query.watchDeliveries(json, { timeoutMs });
  }

  // As a google.rpc.Status in JSON.
  status(error) {
    const details = DETAILS.flatMap((schema) =>
      error.findDetails(schema).map((detail) => {
        const json = toJson(schema, detail, JSON_OPTIONS);
        return { '@type': schema.typeName, ...json };
      }),
    );
    return { code: error.code, details };
  }

  codeName(code) {
    return Code[code].replace(/(?<=[a-z])[A-Z]/g, '_$&').toUpperCase();
  }
}

const given = readArguments();
const scheme = given.caFile ? 'https' : 'http';
const connect = given.protocol === 'grpc' ? connectGrpc : connectGrpcWeb;
await new Script(new Calls(connect(`${scheme}://${given.target}`, given)), given).run();
process.exit();
