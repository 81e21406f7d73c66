package com.bookora.webhooks;

import static com.bookora.webhooks.stage.Samples.booking;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.bookora.webhooks.stage.Checkout;
import com.bookora.webhooks.stage.Deliveries;
import com.bookora.webhooks.stage.Hooks;
import com.bookora.webhooks.stage.OnStage;
import com.bookora.webhooks.stage.Service;
import com.bookora.webhooks.v1.Attempt;
import com.bookora.webhooks.v1.CancelDeliveryRequest;
import com.bookora.webhooks.v1.CreateEndpointRequest;
import com.bookora.webhooks.v1.DeleteEndpointRequest;
import com.bookora.webhooks.v1.Delivery;
import com.bookora.webhooks.v1.DeliveryView;
import com.bookora.webhooks.v1.DisableEndpointRequest;
import com.bookora.webhooks.v1.EnableEndpointRequest;
import com.bookora.webhooks.v1.Endpoint;
import com.bookora.webhooks.v1.GetDeliveryRequest;
import com.bookora.webhooks.v1.GetDeliveryStatsRequest;
import com.bookora.webhooks.v1.GetEndpointRequest;
import com.bookora.webhooks.v1.GetEndpointSecretRequest;
import com.bookora.webhooks.v1.GetEndpointSecretResponse;
import com.bookora.webhooks.v1.GetEventRequest;
import com.bookora.webhooks.v1.ListAttemptsRequest;
import com.bookora.webhooks.v1.ListDeliveriesRequest;
import com.bookora.webhooks.v1.ListEndpointsRequest;
import com.bookora.webhooks.v1.ListEventTypesRequest;
import com.bookora.webhooks.v1.ListEventsRequest;
import com.bookora.webhooks.v1.PublishEventRequest;
import com.bookora.webhooks.v1.RecoverEndpointRequest;
import com.bookora.webhooks.v1.RecoveryKind;
import com.bookora.webhooks.v1.ResendDeliveryRequest;
import com.bookora.webhooks.v1.RevokeEndpointSecretRequest;
import com.bookora.webhooks.v1.RotateEndpointSecretRequest;
import com.bookora.webhooks.v1.TestEndpointRequest;
import com.bookora.webhooks.v1.UpdateEndpointRequest;
import com.google.protobuf.Duration;
import com.google.protobuf.FieldMask;
import com.google.protobuf.util.JsonFormat;
import com.google.protobuf.util.Timestamps;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The whole contract, over TLS with a token. */
class ContractTest extends OnStage {
  private static final String ACCOUNT = "acct_contract";

  private Client client;
  private Hooks hooks;
  private Endpoint endpoint;

  @Test
  void everyRpcOfTheContractHasAResult() throws Exception {
    var calls = new Calls();
    hooks = startHooks();
    var secured = startSecured("--custom-event-types=invoice.*");
    client =
        open(secured.client(secured.token()).channel(channel -> channel.intercept(calls)).build());
    createAndRead();
    publishEveryBody();
    publishBatchAndStream();
    rotateAndRevoke();
    testAndListTypes();
    query(failAndResend());
    disableRecoverAndDelete();
    calls.expectAll();
    assertEquals(List.of(), hooks.refused(), "deliveries that did not verify");
  }

  private void createAndRead() {
    var created =
        client
            .endpointAdmin()
            .createEndpoint(
                CreateEndpointRequest.newBuilder()
                    .setEndpoint(Endpoint.newBuilder().setAccountId(ACCOUNT).setUrl(hooks.url()))
                    .build());
    endpoint = created.getEndpoint();
    hooks.hold(created.getSecret());
    var got =
        client
            .endpointAdmin()
            .getEndpoint(
                GetEndpointRequest.newBuilder()
                    .setAccountId(ACCOUNT)
                    .setEndpointId(endpoint.getEndpointId())
                    .build());
    assertEquals(hooks.url(), got.getEndpoint().getUrl());
    assertEquals(1, endpointCount());
    var change = endpoint.toBuilder().setDescription("Front desk").setUrl("not taken").build();
    var updated =
        client
            .endpointAdmin()
            .updateEndpoint(
                UpdateEndpointRequest.newBuilder()
                    .setEndpoint(change)
                    .setUpdateMask(FieldMask.newBuilder().addPaths("description"))
                    .build());
    assertEquals("Front desk", updated.getEndpoint().getDescription());
    assertEquals(hooks.url(), updated.getEndpoint().getUrl());
    assertEquals(created.getSecret(), secret().getSecret());
  }

  private int endpointCount() {
    var request = ListEndpointsRequest.newBuilder().setAccountId(ACCOUNT).build();
    return client.endpointAdmin().listEndpoints(request).getEndpointsCount();
  }

  private GetEndpointSecretResponse secret() {
    return client
        .endpointAdmin()
        .getEndpointSecret(
            GetEndpointSecretRequest.newBuilder()
                .setAccountId(ACCOUNT)
                .setEndpointId(endpoint.getEndpointId())
                .build());
  }

  /** Publishes what the vectors have of every type; the receiver gets their bodies. */
  private void publishEveryBody() throws Exception {
    for (var vector : Checkout.vectors("bodies")) {
      var request = PublishEventRequest.newBuilder();
      JsonFormat.parser().merge(vector.get("request").toString(), request);
      var id = client.publish(request.setAccountId(ACCOUNT).build()).getEventId();
      var body = vector.get("body").getAsString().replace(vector.get("id").getAsString(), id);
      assertEquals(body, hooks.await(id), vector.get("name").getAsString());
    }
  }

  private void publishBatchAndStream() throws Exception {
    var batch =
        client.publishBatch(List.of(booking(ACCOUNT, "bkg_b1"), booking(ACCOUNT, "bkg_b2")));
    for (var result : batch.getResultsList()) {
      hooks.await(Client.resultOf(result).getEventId());
    }
    try (var publisher = client.newPublisher()) {
      var published = publisher.publish(booking(ACCOUNT, "bkg_s1")).result().get();
      hooks.await(published.getEventId());
    }
  }

  /** Sees a delivery verify with each secret alone while both sign. */
  private void rotateAndRevoke() throws Exception {
    var old = secret();
    var rotated =
        client
            .endpointAdmin()
            .rotateEndpointSecret(
                RotateEndpointSecretRequest.newBuilder()
                    .setAccountId(ACCOUNT)
                    .setEndpointId(endpoint.getEndpointId())
                    .setOverlap(Duration.newBuilder().setSeconds(3_600))
                    .build());
    var both = List.of(old.getSecret(), rotated.getSecret());
    for (var held : List.of(both.subList(0, 1), both.subList(1, 2), both)) {
      hooks.hold(held.toArray(String[]::new));
      hooks.await(client.publish(booking(ACCOUNT, "bkg_r")).getEventId());
    }
    var revoked =
        client
            .endpointAdmin()
            .revokeEndpointSecret(
                RevokeEndpointSecretRequest.newBuilder()
                    .setAccountId(ACCOUNT)
                    .setEndpointId(endpoint.getEndpointId())
                    .setSecretId(old.getSecretId())
                    .build());
    assertEquals(1, revoked.getEndpoint().getSecretsCount());
  }

  private void testAndListTypes() {
    var tested =
        client
            .endpointAdmin()
            .testEndpoint(
                TestEndpointRequest.newBuilder()
                    .setAccountId(ACCOUNT)
                    .setEndpointId(endpoint.getEndpointId())
                    .build());
    assertEquals(Attempt.Outcome.OUTCOME_SUCCEEDED, tested.getAttempt().getOutcome());
    var types = client.endpointAdmin().listEventTypes(ListEventTypesRequest.getDefaultInstance());
    assertEquals(8, types.getEventTypesCount());
  }

  /** Has a delivery refused, cancels it and sends it again. */
  private Delivery failAndResend() {
    hooks.answer(503);
    var id = client.publish(booking(ACCOUNT, "bkg_refused")).getEventId();
    var delivery = awaitState(id, Delivery.State.STATE_RETRYING);
    var cancelled =
        client
            .endpointAdmin()
            .cancelDelivery(
                CancelDeliveryRequest.newBuilder()
                    .setAccountId(ACCOUNT)
                    .setDeliveryId(delivery.getDeliveryId())
                    .build());
    assertEquals(Delivery.State.STATE_CANCELLED, cancelled.getDelivery().getState());
    hooks.answer(204);
    var resent =
        client
            .endpointAdmin()
            .resendDelivery(
                ResendDeliveryRequest.newBuilder()
                    .setAccountId(ACCOUNT)
                    .setDeliveryId(delivery.getDeliveryId())
                    .build());
    assertEquals(Delivery.State.STATE_PENDING, resent.getDelivery().getState());
    return awaitState(id, Delivery.State.STATE_SUCCEEDED);
  }

  private Delivery awaitState(String eventId, Delivery.State state) {
    return Deliveries.awaitState(client, ACCOUNT, eventId, state);
  }

  private void query(Delivery delivery) throws Exception {
    var event =
        client
            .deliveryQuery()
            .getEvent(
                GetEventRequest.newBuilder()
                    .setAccountId(ACCOUNT)
                    .setEventId(delivery.getEventId())
                    .build());
    var full =
        client
            .deliveryQuery()
            .getDelivery(
                GetDeliveryRequest.newBuilder()
                    .setAccountId(ACCOUNT)
                    .setDeliveryId(delivery.getDeliveryId())
                    .setView(DeliveryView.DELIVERY_VIEW_FULL)
                    .build());
    assertFalse(event.getEvent().getPayload().isEmpty());
    assertEquals(event.getEvent().getPayload(), full.getDelivery().getPayload());
    var attempts =
        client
            .deliveryQuery()
            .listAttempts(
                ListAttemptsRequest.newBuilder()
                    .setAccountId(ACCOUNT)
                    .setDeliveryId(delivery.getDeliveryId())
                    .build());
    var statuses = attempts.getAttemptsList().stream().map(Attempt::getHttpStatus).toList();
    assertEquals(List.of(503, 204), statuses);
    var events =
        client
            .deliveryQuery()
            .listEvents(
                ListEventsRequest.newBuilder().setAccountId(ACCOUNT).setPageSize(2).build());
    assertEquals(2, events.getEventsCount());
    var deliveries =
        client
            .deliveryQuery()
            .listDeliveries(
                ListDeliveriesRequest.newBuilder().setAccountId(ACCOUNT).setPageSize(2).build());
    assertEquals(2, deliveries.getDeliveriesCount());
    assertFalse(deliveries.getWatchToken().isEmpty());
    awaitStats();
  }

  /** They follow by about a second. */
  private void awaitStats() throws InterruptedException {
    var request = GetDeliveryStatsRequest.newBuilder().setAccountId(ACCOUNT).build();
    var late = System.nanoTime() + Service.PATIENCE.toNanos();
    while (client.deliveryQuery().getDeliveryStats(request).getSucceededCount() < 3) {
      if (System.nanoTime() > late) {
        throw new AssertionError("the statistics do not follow");
      }
      Thread.sleep(20);
    }
  }

  /** Misses an event while the endpoint is off, and gets it afterwards. */
  private void disableRecoverAndDelete() throws Exception {
    var id = endpoint.getEndpointId();
    var disabled =
        client
            .endpointAdmin()
            .disableEndpoint(
                DisableEndpointRequest.newBuilder()
                    .setAccountId(ACCOUNT)
                    .setEndpointId(id)
                    .setReason("moving")
                    .build());
    assertEquals("moving", disabled.getEndpoint().getStateReason());
    var missed = client.publish(booking(ACCOUNT, "bkg_missed"));
    assertEquals(0, missed.getDeliveryCount());
    var enabled =
        client
            .endpointAdmin()
            .enableEndpoint(
                EnableEndpointRequest.newBuilder().setAccountId(ACCOUNT).setEndpointId(id).build());
    assertEquals(Endpoint.State.STATE_ACTIVE, enabled.getEndpoint().getState());
    var recovered =
        client
            .endpointAdmin()
            .recoverEndpoint(
                RecoverEndpointRequest.newBuilder()
                    .setAccountId(ACCOUNT)
                    .setEndpointId(id)
                    .setStartTime(
                        Timestamps.fromMillis(Instant.now().minusSeconds(3_600).toEpochMilli()))
                    .addInclude(RecoveryKind.RECOVERY_KIND_MISSED)
                    .build());
    assertEquals(1, recovered.getDeliveryCount());
    hooks.await(missed.getEventId());
    client
        .endpointAdmin()
        .deleteEndpoint(
            DeleteEndpointRequest.newBuilder().setAccountId(ACCOUNT).setEndpointId(id).build());
    assertEquals(0, endpointCount());
  }
}
