package com.bookora.webhooks;

import com.bookora.webhooks.v1.PublishEventRequest;
import com.bookora.webhooks.v1.PublishEventResponse;
import com.bookora.webhooks.v1.PublishEventResult;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.CompletableFuture;

/** An event that was handed to a {@link Publisher}. */
public final class Publication {
  private final PublishEventRequest request;
  private final CompletableFuture<PublishEventResponse> settled = new CompletableFuture<>();

  Publication(PublishEventRequest request) {
    this.request = request;
  }

  /** The request as it is sent, with its idempotency key. */
  public PublishEventRequest request() {
    return request;
  }

  /**
   * Completes when the event is on disk, or exceptionally with a {@link StatusRuntimeException}
   * when it is refused: as {@link Client#publish} would have thrown it for this event alone, or
   * what the publisher gave up with. An event with UNAVAILABLE may be published again, as {@link
   * #request} gives it.
   *
   * <p>What is called at its completion must not wait, for another result or for a place in the
   * publisher, since no result comes meanwhile: give that to an executor ({@code thenApplyAsync}).
   * To cancel it has no effect on the event.
   */
  public CompletableFuture<PublishEventResponse> result() {
    return settled.copy();
  }

  void settle(PublishEventResult result) {
    try {
      settled.complete(Client.resultOf(result));
    } catch (StatusRuntimeException refused) {
      settled.completeExceptionally(refused);
    }
  }

  void fail(StatusRuntimeException error) {
    settled.completeExceptionally(error);
  }
}
