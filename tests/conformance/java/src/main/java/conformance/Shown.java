package conformance;

import com.bookora.webhooks.v1.Delivery;
import com.bookora.webhooks.v1.DeliveryUpdate;
import com.bookora.webhooks.v1.PublishEventResponse;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.ResourceInfo;
import com.google.rpc.Status;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the script prints; ids are replaced by names. */
final class Shown {
  private final PrintStream out =
      new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
  /** In the order in which they were first seen: their places are their names. */
  final List<String> events = new ArrayList<>();
  /** Ids by name. */
  final Map<String, String> deliveries = new HashMap<>();

  void line(String format, Object... arguments) {
    out.print(String.format(format, arguments) + "\n");
  }

  String event(String id) {
    if (!id.startsWith("evt_")) {
      return id;
    }
    if (!events.contains(id)) {
      events.add(id);
    }
    return "event " + (events.indexOf(id) + 1);
  }

  /** There is one endpoint: a delivery has its event's number. */
  String delivery(Delivery delivery) {
    String name = event(delivery.getEventId()).replace("event", "delivery");
    deliveries.put(name, delivery.getDeliveryId());
    return name;
  }

  void published(String name, PublishEventResponse published) {
    line("%s: %s, %d deliveries, duplicate: %s", name, event(published.getEventId()),
        published.getDeliveryCount(), yesOrNo(published.getDuplicate()));
  }

  /** By delivery; those of one delivery in the order in which they came. */
  void updates(String title, List<DeliveryUpdate> updates) {
    line("%s: %d updates", title, updates.size());
    var sorted = new ArrayList<>(updates);
    sorted.sort(Comparator.comparing(update -> delivery(update.getDelivery())));
    for (var update : sorted) {
      var delivery = update.getDelivery();
      String last = "";
      if (delivery.hasLastAttempt()) {
        var attempt = delivery.getLastAttempt();
        last = ", the last " + attempt.getOutcome() + " " + attempt.getHttpStatus();
      }
      line("  %s revision %d: %s -> %s, %d attempts%s%s", delivery(delivery),
          delivery.getRevision(), update.getPreviousState(), delivery.getState(),
          delivery.getAttemptCount(), last, delivery.hasNextAttemptTime() ? ", another is due" : "");
    }
  }

  void status(String name, Status status) throws InvalidProtocolBufferException {
    line("%s: %s", name, Code.forNumber(status.getCode()));
    for (var detail : status.getDetailsList()) {
      if (detail.is(ErrorInfo.class)) {
        var info = detail.unpack(ErrorInfo.class);
        line("  reason %s of %s", info.getReason(), info.getDomain());
      } else if (detail.is(ResourceInfo.class)) {
        var resource = detail.unpack(ResourceInfo.class);
        line("  resource %s %s", resource.getResourceType(), event(resource.getResourceName()));
      } else if (detail.is(BadRequest.class)) {
        var violations = detail.unpack(BadRequest.class).getFieldViolationsList();
        line("  %d fields", violations.size());
        violations.forEach(each -> line("  %s: %s", each.getField(), each.getDescription()));
      }
    }
  }

  static String yesOrNo(boolean holds) {
    return holds ? "yes" : "no";
  }
}
