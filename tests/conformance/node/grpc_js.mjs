// The script with @grpc/grpc-js, which reads the contract when it starts.

import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import * as grpc from '@grpc/grpc-js';
import { load, loadSync } from '@grpc/proto-loader';
import * as grpcHealth from 'grpc-health-check';

import { Watch, connect } from './caller_grpc_js.mjs';
import { Script, readArguments } from './script.mjs';

const PROTO = fileURLToPath(new URL('../../../proto', import.meta.url));
const FILES = ['event_ingest', 'endpoint_admin', 'delivery_query'].map(
  (name) => `bookora/webhooks/v1/${name}.proto`,
);
const DETAILS = ['google/rpc/status.proto', 'google/rpc/error_details.proto'];
// As in proto's JSON form; `json` reads the details of errors.
const OPTIONS = {
  includeDirs: [PROTO], enums: String, bytes: String, longs: String, defaults: true, oneofs: true,
  json: true,
};

const contract = await load([...FILES, ...DETAILS], OPTIONS);
const webhooks = grpc.loadPackageDefinition(contract).bookora.webhooks.v1;
const healthContract = loadSync(grpcHealth.protoPath, { enums: String });
const { Health } = grpc.loadPackageDefinition(healthContract).grpc.health.v1;

class Calls {
  constructor({ target, ...settings }) {
    const channelOverride = connect(target, settings);
    const client = (Client) => new Client(target, null, { channelOverride });
    this.query = client(webhooks.DeliveryQuery);
    this.healthClient = client(Health);
    // Each call by its name, whichever service has it.
    this.clients = [this.query, client(webhooks.EndpointAdmin), client(webhooks.EventIngest)];
  }

  async call(name, json) {
    const client = this.clients.find((each) => each[name]);
    return withWellKnownJson(await promisify(client[name]).call(client, fromJson(json)));
  }

  async health(service) {
    const { healthClient } = this;
    return (await promisify(healthClient.check).call(healthClient, { service })).status;
  }

  watch(json) {
    return new Watch(this.query, fromJson(json));
  }

  stream(json, timeoutMs) {
    return this.query.watchDeliveries(json, { deadline: Date.now() + timeoutMs });
  }

  // As a google.rpc.Status in JSON.
  status(error) {
    const [bytes] = error.metadata.get('grpc-status-details-bin');
    return contract['google.rpc.Status'].deserialize(bytes);
  }

  codeName(code) {
    return grpc.status[code];
  }
}

// proto-loader has no JSON form of the well-known types. In requests:
function fromJson(json, name = '') {
  if (Array.isArray(json)) return json.map((each) => fromJson(each, name));
  if (name.endsWith('Time')) return timestamp(json);
  if (name === 'retrySchedule' || name === 'requestTimeout') return { seconds: parseInt(json, 10) };
  if (name === 'updateMask') return { paths: [json] };
  if (json === null || typeof json !== 'object') return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, fromJson(value, key)]));
}

function timestamp(text) {
  const [, whole, fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/.exec(text);
  return { seconds: Date.parse(`${whole}Z`) / 1000, nanos: Number(fraction.padEnd(9, '0')) };
}

// In answers, those that the script shows.
function withWellKnownJson(answer) {
  const { endpoint, event } = answer;
  if (endpoint) endpoint.retrySchedule = endpoint.retrySchedule.map(({ seconds }) => `${seconds}s`);
  if (event) {
    const { seconds, nanos } = event.createTime;
    const whole = new Date(seconds * 1000).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length);
    event.createTime = `${whole}.${String(nanos).padStart(9, '0')}Z`;
  }
  return answer;
}

const given = readArguments();
await new Script(new Calls(given), given).run();
process.exit();
