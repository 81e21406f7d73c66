package com.bookora.webhooks;

import static com.bookora.webhooks.MoodyService.NONE;
import static com.bookora.webhooks.MoodyService.said;
import static com.bookora.webhooks.stage.Samples.booking;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.bookora.webhooks.stage.OnStage;
import com.bookora.webhooks.v1.WatchDeliveriesRequest;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ResilienceTest extends OnStage {
  private static final WatchDeliveriesRequest WATCH =
      WatchDeliveriesRequest.newBuilder().setAccountId("acct_1").build();

  private MoodyService service;

  private Client serve(StatusRuntimeException... failures) throws Exception {
    service = open(new MoodyService(failures));
    return open(Client.connect(service.address()));
  }

  private static String text(Metadata headers, String name) {
    return headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
  }

  @Test
  void aPublishIsTriedAgainWithTheSameKeyAndLeavesTheRequestAsItIs() throws Exception {
    var client = serve(Status.UNAVAILABLE.withDescription("not now").asRuntimeException());
    var request = booking("acct_1", "bkg_1");
    client.publish(request);
    client.publish(request);
    assertEquals(3, service.keys.size());
    assertEquals(service.keys.get(0), service.keys.get(1));
    assertNotEquals(service.keys.get(1), service.keys.get(2));
    var uuidV4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
    assertTrue(service.keys.get(0).matches(uuidV4), service.keys.get(0));
    assertEquals("", request.getIdempotencyKey());
    var headers = service.headers.get(0);
    var agent = text(headers, "user-agent");
    assertTrue(agent.startsWith("bookora-webhooks-sdk-java/0.1.0 "), agent);
    assertEquals("gzip", text(headers, "grpc-encoding"));
  }

  @Test
  void fourAttemptsAreMadeAndNoMore() throws Exception {
    var unavailable = new StatusRuntimeException[5];
    for (var i = 0; i < unavailable.length; i++) {
      var pushback = new Metadata();
      pushback.put(
          Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER), "1");
      unavailable[i] = Status.UNAVAILABLE.asRuntimeException(pushback);
    }
    var client = serve(unavailable);
    var error =
        assertThrows(
            StatusRuntimeException.class, () -> client.publish(booking("acct_1", "bkg_1")));
    assertEquals(Status.Code.UNAVAILABLE, error.getStatus().getCode());
    assertEquals(4, service.keys.size());
  }

  @Test
  void whatIsNotUnavailableIsNotTriedAgain() throws Exception {
    var client = serve(said(Status.Code.INTERNAL, "INTERNAL"));
    var details =
        ErrorDetailsTest.expect(
            Status.Code.INTERNAL, "INTERNAL", () -> client.publish(booking("acct_1", "bkg_1")));
    assertEquals(Duration.ofMillis(1), details.retryDelay().orElseThrow());
    assertEquals(1, service.keys.size());
  }

  @Test
  void aCallHasItsOwnDeadlineOrThirtySeconds() throws Exception {
    var client = serve();
    var request = booking("acct_1", "bkg_1");
    client.publish(request);
    client.eventIngest().withDeadlineAfter(10, TimeUnit.SECONDS).publishEvent(request);
    client.eventIngest().withDeadlineAfter(10, TimeUnit.MINUTES).publishEvent(request);
    var timer = Executors.newSingleThreadScheduledExecutor();
    try {
      Context.current()
          .withDeadlineAfter(10, TimeUnit.MINUTES, timer)
          .run(() -> client.publish(request));
    } finally {
      timer.shutdownNow();
    }
    var chosen = List.of(30, 10, 600, 600);
    for (var i = 0; i < chosen.size(); i++) {
      var left = service.secondsLeft.get(i);
      assertTrue(left <= chosen.get(i) && left >= chosen.get(i) - 5, i + " had " + left + " s");
    }
  }

  @Test
  void aWatchResumesAfterEveryKindOfBreakAndDropsWhatCameBefore() throws Exception {
    var client =
        serve(
            said(Status.Code.UNAVAILABLE, "WATCH_AGE_REACHED"),
            NONE,
            said(Status.Code.RESOURCE_EXHAUSTED, "WATCH_TOO_SLOW"),
            Status.INTERNAL.withDescription("the stream was reset").asRuntimeException(),
            said(Status.Code.OUT_OF_RANGE, "RESUME_TOKEN_EXPIRED"));
    var watch = open(client.watch(WATCH));
    var revisions = new ArrayList<Integer>();
    ErrorDetailsTest.expect(
        Status.Code.OUT_OF_RANGE,
        "RESUME_TOKEN_EXPIRED",
        () -> watch.forEach(told -> revisions.add(told.getUpdate().getDelivery().getRevision())));
    // The first stream tells of revision 0 too.
    assertEquals(List.of(0, 1, 2, 3, 4, 5), revisions);
    assertEquals(List.of("", "after 1", "after 2", "after 3", "after 4"), service.resumeTokens);
  }

  @Test
  void anExhaustedQuotaEndsAWatch() throws Exception {
    var client = serve(said(Status.Code.RESOURCE_EXHAUSTED, "QUOTA_EXCEEDED"));
    var watch = open(client.watch(WATCH));
    ErrorDetailsTest.expect(
        Status.Code.RESOURCE_EXHAUSTED, "QUOTA_EXCEEDED", () -> watch.forEach(told -> {}));
  }

  @Test
  void aPublisherGoesOnAfterEveryKindOfBreakWithTheSameKeys() throws Exception {
    var client =
        serve(
            said(Status.Code.UNAVAILABLE, "STREAM_AGE_REACHED"),
            NONE,
            Status.INTERNAL.withDescription("the stream was reset").asRuntimeException());
    var publications = new ArrayList<Publication>();
    try (var publisher = client.newPublisher()) {
      for (var i = 0; i < 4; i++) {
        publications.add(publisher.publish(booking("acct_1", "bkg_" + i)));
      }
    }
    var keys = publications.stream().map(each -> each.request().getIdempotencyKey()).toList();
    assertTrue(service.keys.containsAll(keys));
    for (var publication : publications) {
      assertTrue(publication.result().isDone() && !publication.result().isCompletedExceptionally());
    }
  }

  @Test
  void whatANewStreamDoesNotMendFailsAPublisher() throws Exception {
    var publisher = serve().newPublisher();
    var denied = publisher.publish(booking(MoodyService.DENIED, "bkg_1"));
    var error = assertThrows(Exception.class, () -> denied.result().get());
    assertEquals("PERMISSION_DENIED", ErrorDetails.of(error).reason());
    ErrorDetailsTest.expect(Status.Code.PERMISSION_DENIED, "PERMISSION_DENIED", publisher::close);
  }
}
