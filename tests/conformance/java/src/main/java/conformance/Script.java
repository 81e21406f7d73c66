package conformance;

import com.bookora.webhooks.v1.BatchPublishEventsRequest;
import com.bookora.webhooks.v1.BatchPublishEventsResponse;
import com.bookora.webhooks.v1.CancelDeliveryRequest;
import com.bookora.webhooks.v1.CreateEndpointRequest;
import com.bookora.webhooks.v1.Delivery;
import com.bookora.webhooks.v1.DeliveryFilter;
import com.bookora.webhooks.v1.DeliveryQueryGrpc;
import com.bookora.webhooks.v1.DeliveryQueryGrpc.DeliveryQueryBlockingStub;
import com.bookora.webhooks.v1.DeliveryUpdate;
import com.bookora.webhooks.v1.DeliveryView;
import com.bookora.webhooks.v1.Endpoint;
import com.bookora.webhooks.v1.EndpointAdminGrpc;
import com.bookora.webhooks.v1.EndpointAdminGrpc.EndpointAdminBlockingStub;
import com.bookora.webhooks.v1.EventIngestGrpc;
import com.bookora.webhooks.v1.EventIngestGrpc.EventIngestBlockingStub;
import com.bookora.webhooks.v1.GetDeliveryRequest;
import com.bookora.webhooks.v1.GetEventRequest;
import com.bookora.webhooks.v1.ListAttemptsRequest;
import com.bookora.webhooks.v1.ListDeliveriesRequest;
import com.bookora.webhooks.v1.ListEventTypesRequest;
import com.bookora.webhooks.v1.PublishEventRequest;
import com.bookora.webhooks.v1.PublishEventResponse;
import com.bookora.webhooks.v1.ResendDeliveryRequest;
import com.bookora.webhooks.v1.UpdateEndpointRequest;
import com.bookora.webhooks.v1.WatchDeliveriesRequest;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.FieldMask;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import com.google.protobuf.util.Timestamps;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.health.v1.HealthGrpc.HealthBlockingStub;
import io.grpc.protobuf.StatusProto;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** The script of tests/conformance/README.md with grpc-java. */
final class Script {
  private static final List<String> SERVICES = List.of("", EventIngestGrpc.SERVICE_NAME,
      EndpointAdminGrpc.SERVICE_NAME, DeliveryQueryGrpc.SERVICE_NAME);

  private final Shown shown = new Shown();
  private final JsonObject data;
  private final String receiver;
  private final String accountId;
  private final HealthBlockingStub health;
  private final EventIngestBlockingStub ingest;
  private final EndpointAdminBlockingStub admin;
  private final DeliveryQueryBlockingStub query;

  private Script(Channel channel, JsonObject data, String receiver) {
    this.data = data;
    this.receiver = receiver;
    this.accountId = data.get("accountId").getAsString();
    this.health = HealthGrpc.newBlockingStub(channel).withCompression("gzip");
    this.ingest = EventIngestGrpc.newBlockingStub(channel).withCompression("gzip");
    this.admin = EndpointAdminGrpc.newBlockingStub(channel).withCompression("gzip");
    this.query = DeliveryQueryGrpc.newBlockingStub(channel).withCompression("gzip");
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, String> given = new HashMap<>();
    for (String argument : arguments) {
      String[] parts = argument.replaceFirst("^--", "").split("=", 2);
      given.put(parts[0], parts[1]);
    }
    var data = JsonParser.parseString(Files.readString(Path.of(given.get("script"))));
    var channel = Caller.connect(given.get("target"), Path.of(given.get("service-config")),
        given.get("ca-file"), given.get("token"));
    try {
      new Script(channel, data.getAsJsonObject(), given.get("receiver")).run();
    } finally {
      channel.shutdownNow();
    }
  }

  private void run() throws Exception {
    showHealth();
    showEventTypes();
    makeEndpoint();
    String firstToken = listNothing();
    publishOne();
    showErrors();
    publishBatches();
    awaitStates();
    var live = watch();
    var listed = listPages();
    showDelivery();
    replay(firstToken, listed, live);
    meetDeadline();
  }

  private void showHealth() {
    for (String service : SERVICES) {
      var request = HealthCheckRequest.newBuilder().setService(service).build();
      String name = service.isEmpty() ? "the server" : service;
      shown.line("health of %s: %s", name, health.check(request).getStatus());
    }
  }

  private void showEventTypes() {
    var types = admin.listEventTypes(ListEventTypesRequest.getDefaultInstance());
    shown.line("event types of bookings: %s", types.getEventTypesList().stream()
        .map(type -> type.getName())
        .filter(name -> name.startsWith("booking."))
        .collect(Collectors.joining(" ")));
  }

  private void makeEndpoint() throws Exception {
    var wanted = read(data.get("endpoint"), Endpoint.newBuilder()).setUrl(receiver + "/hooks");
    String secret = data.get("secret").getAsString();
    var created = admin.createEndpoint(
        CreateEndpointRequest.newBuilder().setEndpoint(wanted).setSecret(secret).build());
    var endpoint = created.getEndpoint();
    String retries = endpoint.getRetryScheduleList().stream()
        .map(wait -> wait.getSeconds() + "s")
        .collect(Collectors.joining(", "));
    String headers = endpoint.getHeadersMap().entrySet().stream()
        .map(header -> header.getKey() + ": " + header.getValue())
        .collect(Collectors.joining(", "));
    shown.line("endpoint: %s, retries after %s, headers %s", endpoint.getState(), retries, headers);
    shown.line("its secret: %s", created.getSecret().equals(secret) ? "as brought" : "another");
    var changed = endpoint.toBuilder()
        .setDescription(data.get("changedDescription").getAsString())
        .setUrl("https://not-in-the-mask.example.com/");
    var update = UpdateEndpointRequest.newBuilder()
        .setEndpoint(changed)
        .setUpdateMask(FieldMask.newBuilder().addPaths("description"))
        .build();
    var updated = admin.updateEndpoint(update).getEndpoint();
    String url = updated.getUrl().equals(endpoint.getUrl()) ? "kept" : "changed";
    String etag = updated.getEtag().equals(endpoint.getEtag()) ? "kept" : "changed";
    shown.line("updated: description %s, url %s, etag %s", updated.getDescription(), url, etag);
    showError("update of an old etag", () -> admin.updateEndpoint(update));
  }

  private String listNothing() {
    var request = ListDeliveriesRequest.newBuilder().setAccountId(accountId).build();
    var page = query.listDeliveries(request);
    shown.line("before: %d deliveries", page.getDeliveriesCount());
    return page.getWatchToken();
  }

  private void publishOne() throws Exception {
    control("lose");
    shown.published("first, its answer lost once", publish(data.get("first")));
    shown.published("first again", publish(data.get("first")));
  }

  private PublishEventResponse publish(JsonElement event) throws InvalidProtocolBufferException {
    return ingest.publishEvent(read(event, PublishEventRequest.newBuilder()).build());
  }

  private BatchPublishEventsResponse publishBatch(Iterable<JsonElement> events)
      throws InvalidProtocolBufferException {
    var batch = BatchPublishEventsRequest.newBuilder();
    for (var event : events) {
      batch.addRequests(read(event, PublishEventRequest.newBuilder()));
    }
    return ingest.batchPublishEvents(batch.build());
  }

  private void showErrors() throws Exception {
    showError("key reused", () -> publish(data.get("firstOtherwise")));
    showError("bad event", () -> publish(data.get("bad")));
    showError("bad batch", () -> publishBatch(repeated("badBatch")));
    var unknown = GetDeliveryRequest.newBuilder()
        .setAccountId(accountId)
        .setDeliveryId(data.get("unknownDeliveryId").getAsString())
        .build();
    showError("unknown delivery", () -> query.getDelivery(unknown));
  }

  private void publishBatches() throws Exception {
    int number = 0;
    for (var result : publishBatch(data.getAsJsonArray("batch")).getResultsList()) {
      number += 1;
      if (result.hasPublished()) {
        shown.published("batch " + number, result.getPublished());
      } else {
        shown.status("batch " + number, result.getError());
      }
    }
    var large = publishBatch(repeated("large")).getResultsList();
    shown.line("large batch: %d published", large.stream().filter(r -> r.hasPublished()).count());
    shown.published("refused once", publish(data.get("refusedOnce")));
  }

  /** A publisher follows what it has published: the snapshot has its closed deliveries too. */
  private void awaitStates() throws Exception {
    var request = WatchDeliveriesRequest.newBuilder()
        .setAccountId(accountId)
        .setIncludeSnapshot(true)
        .setFilter(DeliveryFilter.newBuilder().addAllEventIds(shown.events))
        .build();
    var settled = new TreeMap<String, Delivery.State>();
    try (var watch = new Watch(query, request)) {
      while (settled.size() < shown.events.size()) {
        var message = watch.next();
        var delivery = message.getUpdate().getDelivery();
        if (message.hasUpdate() && delivery.getState() != Delivery.State.STATE_PENDING) {
          settled.put(shown.delivery(delivery), delivery.getState());
        }
      }
    }
    settled.forEach((name, state) -> shown.line("%s: %s", name, state));
  }

  private List<DeliveryUpdate> watch() throws Exception {
    var request = WatchDeliveriesRequest.newBuilder()
        .setAccountId(accountId)
        .setIncludeSnapshot(true)
        .build();
    try (var watch = new Watch(query, request)) {
      var snapshot = new ArrayList<DeliveryUpdate>();
      for (var next = watch.next(); !next.hasSnapshotComplete(); next = watch.next()) {
        snapshot.add(next.getUpdate());
      }
      shown.updates("snapshot", snapshot);

      var burst = data.getAsJsonArray("burst");
      int number = 0;
      for (var result : publishBatch(burst).getResultsList()) {
        number += 1;
        shown.published("burst " + number, result.getPublished());
      }
      var live = new ArrayList<>(List.of(watch.next().getUpdate()));
      control("cut");
      shown.published("late", publish(data.get("late")));
      sendAgain(snapshot.get(0).getDelivery().getDeliveryId());
      var succeeded = new HashSet<String>();
      while (true) {
        var last = live.get(live.size() - 1).getDelivery();
        if (last.getState() == Delivery.State.STATE_SUCCEEDED) {
          succeeded.add(last.getDeliveryId());
        }
        if (succeeded.size() == burst.size() + 2) {
          break;
        }
        live.add(watch.next().getUpdate());
      }
      shown.updates("live, resumed: " + Shown.yesOrNo(watch.resumed()), live);
      return live;
    }
  }

  private void sendAgain(String deliveryId) {
    admin.cancelDelivery(CancelDeliveryRequest.newBuilder()
        .setAccountId(accountId)
        .setDeliveryId(deliveryId)
        .build());
    admin.resendDelivery(ResendDeliveryRequest.newBuilder()
        .setAccountId(accountId)
        .setDeliveryId(deliveryId)
        .setRequestId(data.get("resendRequestId").getAsString())
        .build());
  }

  /** Newest first; the order within one batch is not promised. */
  private List<Delivery> listPages() {
    var request = ListDeliveriesRequest.newBuilder().setAccountId(accountId).setPageSize(5);
    var listed = new ArrayList<Delivery>();
    var sizes = new ArrayList<String>();
    do {
      var page = query.listDeliveries(request.build());
      listed.addAll(page.getDeliveriesList());
      sizes.add(String.valueOf(page.getDeliveriesCount()));
      request.setPageToken(page.getNextPageToken());
    } while (!request.getPageToken().isEmpty());
    shown.line("pages: %s", String.join(" ", sizes));
    listed.sort(Comparator.comparing(shown::delivery));
    for (var each : listed) {
      shown.line("  %s of %s: %s", shown.delivery(each), each.getEventType(), each.getState());
    }
    return listed;
  }

  /** The delivery that was refused once is the third. */
  private void showDelivery() {
    String id = shown.deliveries.get("delivery 3");
    var full = GetDeliveryRequest.newBuilder()
        .setAccountId(accountId)
        .setDeliveryId(id)
        .setView(DeliveryView.DELIVERY_VIEW_FULL)
        .build();
    var payload = JsonParser.parseString(query.getDelivery(full).getDelivery().getPayload())
        .getAsJsonObject();
    shown.line("payload: %s %s %s", payload.get("event").getAsString(),
        shown.event(payload.get("id").getAsString()),
        payload.getAsJsonObject("data").get("customer_name").getAsString());
    var attempts =
        ListAttemptsRequest.newBuilder().setAccountId(accountId).setDeliveryId(id).build();
    for (var attempt : query.listAttempts(attempts).getAttemptsList()) {
      shown.line("attempt %d: %s, %s %d %s", attempt.getNumber(), attempt.getTrigger(),
          attempt.getOutcome(), attempt.getHttpStatus(), attempt.getResponseBody().toStringUtf8());
    }
    var first = GetEventRequest.newBuilder()
        .setAccountId(accountId)
        .setEventId(shown.events.get(0))
        .build();
    var event = query.getEvent(first).getEvent();
    shown.line("event 1: %s", Timestamps.toString(event.getCreateTime()));
    shown.line("  %s", event.getPayload().replace(event.getEventId(), "event 1"));
  }

  /** The whole log, from before anything was published to what the listing shows. */
  private void replay(String token, List<Delivery> listed, List<DeliveryUpdate> live)
      throws Exception {
    var ends = listed.stream().map(Script::revision).collect(Collectors.toSet());
    var log = new ArrayList<DeliveryUpdate>();
    var request =
        WatchDeliveriesRequest.newBuilder().setAccountId(accountId).setResumeToken(token).build();
    try (var watch = new Watch(query, request)) {
      while (!ends.isEmpty()) {
        log.add(watch.next().getUpdate());
        ends.remove(revision(log.get(log.size() - 1).getDelivery()));
      }
    }
    var seen = live.stream().map(update -> revision(update.getDelivery())).toList();
    var same = log.stream()
        .map(update -> revision(update.getDelivery()))
        .filter(seen::contains)
        .toList();
    shown.updates("log", log);
    shown.line("the live updates came in the order of the log: %s",
        Shown.yesOrNo(same.equals(seen)));
  }

  private void meetDeadline() {
    var request = WatchDeliveriesRequest.newBuilder().setAccountId(accountId).build();
    int seconds = data.get("watchDeadlineSeconds").getAsInt();
    try {
      query.withDeadlineAfter(seconds, TimeUnit.SECONDS)
          .watchDeliveries(request)
          .forEachRemaining(message -> {});
    } catch (StatusRuntimeException error) {
      shown.line("watch with a deadline: %s", error.getStatus().getCode());
    }
  }

  private interface Call {
    void make() throws InvalidProtocolBufferException;
  }

  private void showError(String name, Call call) throws InvalidProtocolBufferException {
    try {
      call.make();
    } catch (StatusRuntimeException error) {
      shown.status(name, StatusProto.fromThrowable(error));
    }
  }

  private List<JsonElement> repeated(String name) {
    var each = data.getAsJsonObject(name);
    return Collections.nCopies(each.get("count").getAsInt(), each.get("request"));
  }

  private static <B extends Message.Builder> B read(JsonElement json, B builder)
      throws InvalidProtocolBufferException {
    JsonFormat.parser().merge(json.toString(), builder);
    return builder;
  }

  private static String revision(Delivery delivery) {
    return delivery.getDeliveryId() + " " + delivery.getRevision();
  }

  /** Asks the relay that is between us and the service. */
  private void control(String what) throws Exception {
    var request = HttpRequest.newBuilder(URI.create(receiver + "/relay/" + what))
        .POST(HttpRequest.BodyPublishers.noBody())
        .build();
    HttpClient.newHttpClient().send(request, BodyHandlers.discarding());
  }
}
