package com.bookora.webhooks;

import static com.bookora.webhooks.stage.Samples.booking;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.bookora.webhooks.stage.OnStage;
import com.bookora.webhooks.stage.Service;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class PublisherTest extends OnStage {
  @Test
  void aRefusedEventFailsAloneAndThoseBehindItGoOn() throws Exception {
    var client = connect(startService());
    var publisher = client.newPublisher();
    var bad = publisher.publish(booking("acct_1", "bkg_1", -1));
    var good = publisher.publish(booking("acct_1", "bkg_2"));
    publisher.flush();
    assertTrue(bad.result().isDone() && good.result().isDone());
    var error = assertThrows(Exception.class, () -> bad.result().get());
    var details = ErrorDetails.of(error);
    assertEquals(Status.Code.INVALID_ARGUMENT, details.code());
    assertEquals("request.booking_created.price", details.fieldViolations().get(0).getField());
    assertFalse(good.result().get().getEventId().isEmpty());
    assertFalse(bad.request().getIdempotencyKey().isEmpty());
    publisher.close();
    publisher.close();
    assertThrows(IllegalStateException.class, () -> publisher.publish(booking("acct_1", "bkg_3")));
  }

  @Test
  void aPublisherGivesUpWhereNobodyAnswers() throws Exception {
    var service = startService();
    var client = connect(service);
    service.kill();
    var options = PublisherOptions.DEFAULT.withGiveUpAfter(Duration.ofMillis(300));
    var publisher = client.newPublisher(options);
    var first = publisher.publish(booking("acct_1", "bkg_1"));
    var error = assertThrows(Exception.class, () -> first.result().get());
    assertEquals(Status.Code.UNAVAILABLE, ErrorDetails.of(error).code());
    assertTrue(error.getMessage().contains("no result for 0.3 s"), error.getMessage());
    expect(Status.Code.UNAVAILABLE, publisher::close);
    expect(Status.Code.UNAVAILABLE, publisher::flush);
    expect(Status.Code.UNAVAILABLE, () -> publisher.publish(booking("acct_1", "bkg_2")));
  }

  @Test
  void aCancelledPublisherFailsWhatIsOutstanding() throws Exception {
    var service = startService();
    var client = connect(service);
    service.kill();
    var publisher = client.newPublisher(PublisherOptions.DEFAULT.withOutstandingMax(1));
    var first = publisher.publish(booking("acct_1", "bkg_1"));
    var second = booking("acct_1", "bkg_2");
    expect(Status.Code.DEADLINE_EXCEEDED, () -> publisher.publish(second, Duration.ofMillis(50)));
    publisher.cancel();
    expectFailed(Status.Code.CANCELLED, first);
    expect(Status.Code.CANCELLED, publisher::close);
  }

  @Test
  void closingTheClientFailsWhatIsOutstanding() throws Exception {
    var service = startService();
    var client = connect(service);
    service.kill();
    var publisher = client.newPublisher();
    var first = publisher.publish(booking("acct_1", "bkg_1"));
    client.close();
    expectFailed(Status.Code.CANCELLED, first);
    expect(Status.Code.CANCELLED, publisher::close);
    expect(Status.Code.CANCELLED, client.newPublisher()::close);
  }

  @Test
  void anInterruptEndsTheWaitForAPlaceAndThatForTheEnd() throws Exception {
    var service = startService();
    var client = connect(service);
    service.kill();
    var publisher = client.newPublisher(PublisherOptions.DEFAULT.withOutstandingMax(1));
    var first = publisher.publish(booking("acct_1", "bkg_1"));
    var waited = new CompletableFuture<Boolean>();
    var thread =
        new Thread(
            () -> {
              var second = booking("acct_1", "bkg_2");
              expect(Status.Code.CANCELLED, () -> publisher.publish(second));
              // It is interrupted still.
              expect(Status.Code.CANCELLED, publisher::flush);
              expect(Status.Code.CANCELLED, publisher::close);
              waited.complete(Thread.currentThread().isInterrupted());
            });
    thread.start();
    thread.interrupt();
    assertTrue(waited.get(Service.PATIENCE.toSeconds(), TimeUnit.SECONDS));
    expectFailed(Status.Code.CANCELLED, first);
  }

  @Test
  void cancellingAResultLeavesTheEventAlone() throws Exception {
    var client = connect(startService());
    try (var publisher = client.newPublisher()) {
      var publication = publisher.publish(booking("acct_1", "bkg_1"));
      publication.result().cancel(true);
      assertFalse(publication.result().get().getEventId().isEmpty());
      assertSame(publication.request(), IdempotencyKeys.keyed(publication.request()));
    }
  }

  @Test
  void optionsOutOfRangeAreRefused() {
    var options = PublisherOptions.DEFAULT;
    assertThrows(IllegalArgumentException.class, () -> options.withOutstandingMax(0));
    assertThrows(IllegalArgumentException.class, () -> options.withOutstandingMax(257));
    assertThrows(IllegalArgumentException.class, () -> options.withGiveUpAfter(Duration.ZERO));
    assertEquals(256, options.outstandingMax());
    assertEquals(Duration.ofMinutes(2), options.giveUpAfter());
  }

  private static void expectFailed(Status.Code code, Publication publication) {
    var error =
        assertThrows(
            Exception.class,
            () -> publication.result().get(Service.PATIENCE.toSeconds(), TimeUnit.SECONDS));
    assertEquals(code, ErrorDetails.of(error).code());
  }

  private static void expect(Status.Code code, Executable call) {
    var error = assertThrows(StatusRuntimeException.class, call);
    assertEquals(code, error.getStatus().getCode());
  }
}
