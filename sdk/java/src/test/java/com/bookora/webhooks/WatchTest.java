package com.bookora.webhooks;

import static com.bookora.webhooks.stage.Samples.booking;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.bookora.webhooks.stage.OnStage;
import com.bookora.webhooks.stage.Service;
import com.bookora.webhooks.v1.CreateEndpointRequest;
import com.bookora.webhooks.v1.CreateEndpointResponse;
import com.bookora.webhooks.v1.Delivery;
import com.bookora.webhooks.v1.Endpoint;
import com.bookora.webhooks.v1.WatchDeliveriesRequest;
import com.bookora.webhooks.v1.WatchDeliveriesResponse;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WatchTest extends OnStage {
  private static final int PUBLISHED = 20;
  private static final WatchDeliveriesRequest REQUEST =
      WatchDeliveriesRequest.newBuilder().setAccountId("acct_1").build();

  /** What a watch told, delivery by delivery. */
  private static final class Told {
    final Map<String, List<Integer>> revisions = new HashMap<>();
    final Set<String> succeeded = new HashSet<>();

    /** Takes updates until this many deliveries have succeeded. */
    void follow(Watch watch, int deliveries) {
      while (succeeded.size() < deliveries) {
        var message = watch.next();
        if (message.hasUpdate()) {
          var delivery = message.getUpdate().getDelivery();
          revisions
              .computeIfAbsent(delivery.getDeliveryId(), id -> new ArrayList<>())
              .add(delivery.getRevision());
          if (delivery.getState() == Delivery.State.STATE_SUCCEEDED) {
            succeeded.add(delivery.getDeliveryId());
          }
        }
      }
    }
  }

  @Test
  void aWatchTellsEveryRevisionOnceAndInOrderAlthoughTheServiceIsKilled() throws Exception {
    var service = startService();
    var client = connect(service);
    var hooks = startHooks();
    hooks.hold(subscribe(client, hooks.url()).getSecret());
    var watch = open(client.watch(REQUEST.toBuilder().setIncludeSnapshot(true).build()));
    assertTrue(watch.next().hasSnapshotComplete());
    assertEquals("", watch.resumeToken());
    var told = new Told();
    publishBookings(client, 0, PUBLISHED);
    told.follow(watch, PUBLISHED);
    var token = watch.resumeToken();

    service.kill();
    service.restart();
    // In between, as far as the watch can tell: it was cut and has not asked since.
    publishBookings(connect(service), PUBLISHED, 2 * PUBLISHED);
    told.follow(watch, 2 * PUBLISHED);
    assertEquals(2 * PUBLISHED, told.revisions.size());
    told.revisions.forEach(
        (id, revisions) ->
            assertEquals(IntStream.rangeClosed(1, revisions.size()).boxed().toList(), revisions));

    var resumed = open(client.watch(REQUEST.toBuilder().setResumeToken(token).build()));
    var again = new Told();
    again.follow(resumed, PUBLISHED);
    again.succeeded.forEach(
        id -> assertTrue(told.revisions.get(id).containsAll(again.revisions.get(id))));
  }

  @Test
  void theTokenOfAMessageCountsWhenTheNextOneIsAskedFor() throws Exception {
    var client = connect(startService());
    subscribe(client, startHooks().url());
    var watch = open(client.watch(REQUEST.toBuilder().setIncludeSnapshot(true).build()));
    for (var message : watch) {
      assertTrue(message.hasSnapshotComplete());
      break; // Before it was dealt with.
    }
    assertEquals("", watch.resumeToken());
    publishBookings(client, 0, 1);
    WatchDeliveriesResponse first = null;
    for (var message : watch) {
      first = message;
      break;
    }
    assertNotEquals("", watch.resumeToken());
    assertNotEquals(first.getResumeToken(), watch.resumeToken());
    assertTrue(watch.hasNext());
    assertEquals(first.getResumeToken(), watch.resumeToken());
    assertTrue(watch.hasNext());
    assertEquals(first.getResumeToken(), watch.resumeToken(), "nobody has the second one yet");
  }

  @Test
  void closingAWatchFromElsewhereEndsItAtOnce() throws Exception {
    var watch = open(connect(startService()).watch(REQUEST));
    var waiting = CompletableFuture.supplyAsync(watch::hasNext, thread());
    awaitHeartbeat(watch);
    watch.close();
    assertFalse(waiting.get(Service.PATIENCE.toSeconds(), TimeUnit.SECONDS));
    assertThrows(NoSuchElementException.class, watch::next);
  }

  @Test
  void closingTheClientEndsAWatchWithCancelled() throws Exception {
    var client = connect(startService());
    var watch = open(client.watch(REQUEST));
    var waiting = CompletableFuture.supplyAsync(watch::hasNext, thread());
    awaitHeartbeat(watch);
    client.close();
    var error =
        assertThrows(
            Exception.class, () -> waiting.get(Service.PATIENCE.toSeconds(), TimeUnit.SECONDS));
    assertEquals(Status.Code.CANCELLED, ErrorDetails.of(error).code());
    expectEnd(Status.Code.CANCELLED, client.watch(REQUEST));
  }

  @Test
  void anInterruptedThreadStaysInterruptedAndItsWatchEnds() throws Exception {
    var service = startService();
    var client = connect(service);
    var watch = open(client.watch(REQUEST));
    var ended = new CompletableFuture<Boolean>();
    var thread =
        new Thread(
            () -> {
              expectEnd(Status.Code.CANCELLED, watch);
              ended.complete(Thread.currentThread().isInterrupted());
            });
    thread.start();
    awaitHeartbeat(watch);
    thread.interrupt();
    assertTrue(ended.get(Service.PATIENCE.toSeconds(), TimeUnit.SECONDS));
  }

  @Test
  void aWatchOfNobodyThereEndsWithItsContext() throws Exception {
    var service = startService();
    service.kill();
    var client = connect(service);
    var timer = Executors.newSingleThreadScheduledExecutor();
    try {
      Context.current()
          .withDeadlineAfter(200, TimeUnit.MILLISECONDS, timer)
          .run(() -> expectEnd(Status.Code.DEADLINE_EXCEEDED, client.watch(REQUEST)));
    } finally {
      timer.shutdownNow();
    }
  }

  @Test
  void aWatchThatNoNewStreamMendsEndsWithItsError() throws Exception {
    var client = connect(startService());
    var unreadable = REQUEST.toBuilder().setResumeToken("no token").build();
    expectEnd(Status.Code.INVALID_ARGUMENT, client.watch(unreadable));
    var nothing = WatchDeliveriesRequest.getDefaultInstance();
    expectEnd(Status.Code.INVALID_ARGUMENT, client.watch(nothing));
  }

  /** Expects an error, and the same one again. */
  static void expectEnd(Status.Code code, Watch watch) {
    try (watch) {
      var error = assertThrows(StatusRuntimeException.class, watch::hasNext);
      assertEquals(code, error.getStatus().getCode(), error.getMessage());
      assertEquals(error, assertThrows(StatusRuntimeException.class, watch::next));
    }
  }

  /** A watch is open when its first heartbeat has come. */
  private static void awaitHeartbeat(Watch watch) throws InterruptedException {
    var late = System.nanoTime() + Service.PATIENCE.toNanos();
    while (watch.resumeToken().isEmpty()) {
      assertTrue(System.nanoTime() < late, "no heartbeat came");
      Thread.sleep(1);
    }
  }

  private static Executor thread() {
    return task -> new Thread(task).start();
  }

  private static CreateEndpointResponse subscribe(Client client, String url) {
    return client
        .endpointAdmin()
        .createEndpoint(
            CreateEndpointRequest.newBuilder()
                .setEndpoint(Endpoint.newBuilder().setAccountId("acct_1").setUrl(url))
                .build());
  }

  private static void publishBookings(Client client, int from, int to) {
    IntStream.range(from, to).forEach(i -> client.publish(booking("acct_1", "bkg_" + i)));
  }
}
