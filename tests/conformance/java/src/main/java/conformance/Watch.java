package conformance;

import com.bookora.webhooks.v1.DeliveryQueryGrpc.DeliveryQueryBlockingStub;
import com.bookora.webhooks.v1.WatchDeliveriesRequest;
import com.bookora.webhooks.v1.WatchDeliveriesResponse;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The messages of WatchDeliveries that tell something, each update once, over any number of streams.
 */
final class Watch implements AutoCloseable {
  /** What a new stream can mend. A connection that is cut is UNAVAILABLE here. */
  private static final Set<Status.Code> RESUMABLE =
      Set.of(Status.Code.UNAVAILABLE, Status.Code.RESOURCE_EXHAUSTED);

  private final Context.CancellableContext context = Context.current().withCancellation();
  private final Map<String, Integer> revisions = new HashMap<>();
  private final DeliveryQueryBlockingStub query;
  private final WatchDeliveriesRequest.Builder request;
  private Iterator<WatchDeliveriesResponse> stream;
  private String token;
  private boolean resumed;

  Watch(DeliveryQueryBlockingStub query, WatchDeliveriesRequest request) {
    this.query = query;
    this.request = request.toBuilder();
    this.token = request.getResumeToken();
  }

  /** Waits for the next message. Who asks for it has dealt with the one before. */
  WatchDeliveriesResponse next() throws Exception {
    while (true) {
      try {
        if (stream == null) {
          request.setResumeToken(token);
          // No deadline: a watch is meant to stay.
          stream = context.call(() -> query.watchDeliveries(request.build()));
        }
        while (stream.hasNext()) {
          var message = stream.next();
          token = message.getResumeToken();
          if (message.hasSnapshotComplete() || isNew(message)) {
            return message;
          }
        }
      } catch (StatusRuntimeException error) {
        if (!RESUMABLE.contains(error.getStatus().getCode())) {
          throw error;
        }
      }
      stream = null;
      resumed = true;
      Thread.sleep(ThreadLocalRandom.current().nextInt(100, 1000));
    }
  }

  private boolean isNew(WatchDeliveriesResponse message) {
    if (!message.hasUpdate()) {
      return false;
    }
    var delivery = message.getUpdate().getDelivery();
    int seen = revisions.getOrDefault(delivery.getDeliveryId(), 0);
    revisions.put(delivery.getDeliveryId(), Math.max(seen, delivery.getRevision()));
    return delivery.getRevision() > seen;
  }

  /** Whether the stream was cut, and opened anew. */
  boolean resumed() {
    return resumed;
  }

  /** Ends the stream. */
  @Override
  public void close() {
    context.cancel(null);
  }
}
