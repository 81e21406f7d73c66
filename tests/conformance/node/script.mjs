// The script of ../README.md, over messages in proto's JSON form: camelCase, enums by name, every
// field there. grpc_js.mjs and connect.mjs say how a client makes its calls.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const SERVICES = ['EventIngest', 'EndpointAdmin', 'DeliveryQuery'];
const DETAILS = {
  'google.rpc.ErrorInfo': 'showReason',
  'google.rpc.ResourceInfo': 'showResource',
  'google.rpc.BadRequest': 'showFields',
};

// The arguments, and what they name.
export function readArguments() {
  const names = ['target', 'receiver', 'script', 'service-config', 'ca-file', 'token', 'protocol'];
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
  const { values } = parseArgs({ options });
  return {
    ...values,
    caFile: values['ca-file'],
    serviceConfig: values['service-config'],
    data: JSON.parse(readFileSync(values.script, 'utf8')),
  };
}

// Ends with a status other than 0 where a step fails.
export class Script {
  // Ids in the order in which they were first seen: their places are their names.
  #events = [];
  #deliveries = new Map();

  // `calls`: `call(name, request, options)`, `watch(request)`, `health(service)`, `status(error)`,
  // `codeName(number)`.
  constructor(calls, { data, receiver }) {
    Object.assign(this, { calls, data, receiver, accountId: data.accountId });
  }

  async run() {
    await this.showHealth();
    await this.showEventTypes();
    await this.makeEndpoint();
    const firstToken = await this.listNothing();
    await this.publishOne();
    await this.showErrors();
    await this.publishBatches();
    await this.awaitStates();
    const live = await this.watch();
    const listed = await this.listPages();
    await this.showDelivery();
    await this.replay(firstToken, listed, live);
    await this.meetDeadline();
  }

  async showHealth() {
    for (const service of ['', ...SERVICES.map((name) => `bookora.webhooks.v1.${name}`)]) {
      const status = await this.calls.health(service);
      console.log(`health of ${service || 'the server'}: ${status}`);
    }
  }

  async showEventTypes() {
    const { eventTypes } = await this.calls.call('listEventTypes', {});
    const names = eventTypes.map(({ name }) => name).filter((name) => name.startsWith('booking.'));
    console.log('event types of bookings:', ...names);
  }

  async makeEndpoint() {
    const { secret } = this.data;
    const wanted = { ...this.data.endpoint, url: `${this.receiver}/hooks` };
    const created = await this.calls.call('createEndpoint', { endpoint: wanted, secret });
    const { endpoint } = created;
    const headers = Object.entries(endpoint.headers).map((header) => header.join(': ')).join(', ');
    const retries = endpoint.retrySchedule.join(', ');
    console.log(`endpoint: ${endpoint.state}, retries after ${retries}, headers ${headers}`);
    console.log(`its secret: ${created.secret === secret ? 'as brought' : 'another'}`);
    const changed = {
      accountId: this.accountId,
      endpointId: endpoint.endpointId,
      etag: endpoint.etag,
      description: this.data.changedDescription,
      url: 'https://not-in-the-mask.example.com/',
    };
    const update = () =>
      this.calls.call('updateEndpoint', { endpoint: changed, updateMask: 'description' });
    const updated = (await update()).endpoint;
    const kept = (field) => (updated[field] === endpoint[field] ? 'kept' : 'changed');
    const { description } = updated;
    console.log(`updated: description ${description}, url ${kept('url')}, etag ${kept('etag')}`);
    await this.showError('update of an old etag', update);
  }

  async listNothing() {
    const page = await this.calls.call('listDeliveries', { accountId: this.accountId });
    console.log(`before: ${page.deliveries.length} deliveries`);
    return page.watchToken;
  }

  async publishOne() {
    await this.control('lose');
    this.showPublished('first, its answer lost once', await this.publish(this.data.first));
    this.showPublished('first again', await this.publish(this.data.first));
  }

  publish(event) {
    return this.calls.call('publishEvent', event);
  }

  publishBatch(requests) {
    return this.calls.call('batchPublishEvents', { requests });
  }

  showPublished(name, { eventId, deliveryCount, duplicate }) {
    const event = this.event(eventId);
    const again = duplicate ? 'yes' : 'no';
    console.log(`${name}: ${event}, ${deliveryCount} deliveries, duplicate: ${again}`);
  }

  async showErrors() {
    const { firstOtherwise, bad, badBatch, unknownDeliveryId } = this.data;
    await this.showError('key reused', () => this.publish(firstOtherwise));
    await this.showError('bad event', () => this.publish(bad));
    await this.showError('bad batch', () => this.publishBatch(repeat(badBatch)));
    await this.showError('unknown delivery', () =>
      this.calls.call('getDelivery', { accountId: this.accountId, deliveryId: unknownDeliveryId }),
    );
  }

  async showError(name, call) {
    try {
      await call();
    } catch (error) {
      this.showStatus(name, this.calls.status(error));
    }
  }

  // A google.rpc.Status in JSON.
  showStatus(name, status) {
    console.log(`${name}: ${this.calls.codeName(status.code)}`);
    for (const detail of status.details) {
      const show = DETAILS[detail['@type'].split('/').pop()];
      if (show) this[show](detail);
    }
  }

  showReason({ reason, domain }) {
    console.log(`  reason ${reason} of ${domain}`);
  }

  showResource({ resourceType, resourceName }) {
    console.log(`  resource ${resourceType} ${this.event(resourceName)}`);
  }

  showFields({ fieldViolations }) {
    console.log(`  ${fieldViolations.length} fields`);
    for (const { field, description } of fieldViolations) console.log(`  ${field}: ${description}`);
  }

  async publishBatches() {
    const { results } = await this.publishBatch(this.data.batch);
    results.forEach(({ published, error }, index) => {
      if (published) this.showPublished(`batch ${index + 1}`, published);
      else this.showStatus(`batch ${index + 1}`, error);
    });
    const large = await this.publishBatch(repeat(this.data.large));
    const published = large.results.filter((result) => result.published).length;
    console.log(`large batch: ${published} published`);
    this.showPublished('refused once', await this.publish(this.data.refusedOnce));
  }

  // A publisher follows what it has published: the snapshot has its closed deliveries too.
  async awaitStates() {
    const request = {
      accountId: this.accountId, includeSnapshot: true, filter: { eventIds: [...this.#events] },
    };
    const settled = new Map();
    for await (const { update } of this.calls.watch(request)) {
      const delivery = update?.delivery;
      if (delivery && delivery.state !== 'STATE_PENDING') {
        settled.set(this.delivery(delivery), delivery.state);
      }
      if (settled.size === this.#events.length) break;
    }
    for (const [name, state] of [...settled].sort()) console.log(`${name}: ${state}`);
  }

  async watch() {
    const watch = this.calls.watch({ accountId: this.accountId, includeSnapshot: true });
    const messages = watch[Symbol.asyncIterator]();
    const next = async () => (await messages.next()).value;
    const snapshot = [];
    for (let message; !(message = await next()).snapshotComplete; ) snapshot.push(message.update);
    this.showUpdates('snapshot', snapshot);

    const burst = await this.publishBatch(this.data.burst);
    burst.results.forEach(({ published }, index) =>
      this.showPublished(`burst ${index + 1}`, published),
    );
    const live = [(await next()).update];
    await this.control('cut');
    this.showPublished('late', await this.publish(this.data.late));
    const refused = { accountId: this.accountId, deliveryId: snapshot[0].delivery.deliveryId };
    await this.calls.call('cancelDelivery', refused);
    const requestId = this.data.resendRequestId;
    await this.calls.call('resendDelivery', { ...refused, requestId });
    const succeeded = new Set();
    for (;;) {
      const { state, deliveryId } = live.at(-1).delivery;
      if (state === 'STATE_SUCCEEDED') succeeded.add(deliveryId);
      if (succeeded.size === this.data.burst.length + 2) break;
      live.push((await next()).update);
    }
    await messages.return();
    this.showUpdates(`live, resumed: ${watch.resumed ? 'yes' : 'no'}`, live);
    return live;
  }

  // By delivery; those of one delivery in the order in which they came.
  showUpdates(title, updates) {
    console.log(`${title}: ${updates.length} updates`);
    const byName = (one, other) => order(this.delivery(one.delivery), this.delivery(other.delivery));
    for (const { delivery, previousState } of [...updates].sort(byName)) {
      const { revision, state, attemptCount, lastAttempt, nextAttemptTime } = delivery;
      let line = `  ${this.delivery(delivery)} revision ${revision}: ${previousState} -> ${state}`;
      line += `, ${attemptCount} attempts`;
      if (lastAttempt) line += `, the last ${lastAttempt.outcome} ${lastAttempt.httpStatus}`;
      console.log(nextAttemptTime ? `${line}, another is due` : line);
    }
  }

  // Newest first; the order within one batch is not promised.
  async listPages() {
    const [listed, sizes, request] = [[], [], { accountId: this.accountId, pageSize: 5 }];
    do {
      const page = await this.calls.call('listDeliveries', request);
      sizes.push(page.deliveries.length);
      listed.push(...page.deliveries);
      request.pageToken = page.nextPageToken;
    } while (request.pageToken);
    console.log('pages:', ...sizes.map(String));
    const byName = (one, other) => order(this.delivery(one), this.delivery(other));
    for (const delivery of [...listed].sort(byName)) {
      console.log(`  ${this.delivery(delivery)} of ${delivery.eventType}: ${delivery.state}`);
    }
    return listed;
  }

  // The delivery that was refused once.
  async showDelivery() {
    const [deliveryId] = [...this.#deliveries].find(([, name]) => name === 'delivery 3');
    const request = { accountId: this.accountId, deliveryId };
    const full = { ...request, view: 'DELIVERY_VIEW_FULL' };
    const { delivery } = await this.calls.call('getDelivery', full);
    const payload = JSON.parse(delivery.payload);
    console.log('payload:', payload.event, this.event(payload.id), payload.data.customer_name);
    const { attempts } = await this.calls.call('listAttempts', request);
    for (const { number, trigger, outcome, httpStatus, responseBody } of attempts) {
      const answer = Buffer.from(responseBody, 'base64').toString();
      console.log(`attempt ${number}: ${trigger}, ${outcome} ${httpStatus} ${answer}`);
    }
    const first = { accountId: this.accountId, eventId: this.#events[0] };
    const { event } = await this.calls.call('getEvent', first);
    console.log(`event 1: ${event.createTime}`);
    console.log(`  ${event.payload.replace(event.eventId, 'event 1')}`);
  }

  // The whole log, from before anything was published to what the listing shows.
  async replay(resumeToken, listed, live) {
    const ends = new Set(listed.map(revisionOf));
    const log = [];
    for await (const { update } of this.calls.watch({ accountId: this.accountId, resumeToken })) {
      log.push(update);
      ends.delete(revisionOf(update.delivery));
      if (!ends.size) break;
    }
    this.showUpdates('log', log);
    const seen = live.map(({ delivery }) => revisionOf(delivery));
    const same = log.map(({ delivery }) => revisionOf(delivery)).filter((each) => seen.includes(each));
    const isSame = JSON.stringify(same) === JSON.stringify(seen);
    console.log(`the live updates came in the order of the log: ${isSame ? 'yes' : 'no'}`);
  }

  async meetDeadline() {
    const timeoutMs = this.data.watchDeadlineSeconds * 1000;
    try {
      for await (const _ of this.calls.stream({ accountId: this.accountId }, timeoutMs));
    } catch (error) {
      console.log(`watch with a deadline: ${this.calls.codeName(error.code)}`);
    }
  }

  event(eventId) {
    if (!eventId.startsWith('evt_')) return eventId;
    if (!this.#events.includes(eventId)) this.#events.push(eventId);
    return `event ${this.#events.indexOf(eventId) + 1}`;
  }

  // There is one endpoint: a delivery has its event's number.
  delivery({ deliveryId, eventId }) {
    this.#deliveries.set(deliveryId, this.event(eventId).replace('event', 'delivery'));
    return this.#deliveries.get(deliveryId);
  }

  // Asks the relay that is between us and the service.
  async control(what) {
    await fetch(`${this.receiver}/relay/${what}`, { method: 'POST' });
  }
}

const repeat = ({ count, request }) => Array(count).fill(request);
const revisionOf = ({ deliveryId, revision }) => `${deliveryId} ${revision}`;
const order = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
