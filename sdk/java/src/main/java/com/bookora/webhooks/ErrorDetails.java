package com.bookora.webhooks;

import com.bookora.webhooks.v1.ErrorReason;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.QuotaFailure;
import com.google.rpc.ResourceInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What an error of a call says to a program (AIP-193). Decide by reason or code, never by the text.
 *
 * @param code {@code OK} for no error
 * @param reason one of the service's own, such as {@code INVALID_FIELDS}, also where this SDK does
 *     not know it yet; empty where the error is not the service's: it is the connection's, say
 * @param knownReason the reason where this SDK knows it, else {@code ERROR_REASON_UNSPECIFIED}
 * @param metadata what the service says beside, such as the {@code incident_id} of an INTERNAL
 * @param fieldViolations the path and the description of each bad field, at most 25
 * @param retryDelay when to come back, at the soonest; absent where the service does not say
 * @param resource what the error is about, such as the endpoint that is not found
 * @param preconditionViolations what has to be otherwise first
 * @param quotaViolations what is used up
 */
public record ErrorDetails(
    Status.Code code,
    String reason,
    ErrorReason knownReason,
    Map<String, String> metadata,
    List<BadRequest.FieldViolation> fieldViolations,
    Optional<Duration> retryDelay,
    Optional<ResourceInfo> resource,
    List<PreconditionFailure.Violation> preconditionViolations,
    List<QuotaFailure.Violation> quotaViolations) {
  /** The service's own errors have it; those of a connection or a proxy have not. */
  private static final String DOMAIN = "webhooks.bookora";

  /**
   * Reads the details of an error that a call threw, also where it is the cause of another. Of any
   * other error it has the code alone, UNKNOWN; of null too, OK.
   */
  public static ErrorDetails of(Throwable error) {
    var code = error == null ? Status.Code.OK : Status.fromThrowable(error).getCode();
    var said = error == null ? null : StatusProto.fromThrowable(error);
    List<Any> details = said == null ? List.of() : said.getDetailsList();
    var info =
        find(details, ErrorInfo.class)
            .filter(each -> each.getDomain().equals(DOMAIN))
            .orElse(ErrorInfo.getDefaultInstance());
    return new ErrorDetails(
        code,
        info.getReason(),
        knownReason(info.getReason()),
        info.getMetadataMap(),
        find(details, BadRequest.class).map(BadRequest::getFieldViolationsList).orElse(List.of()),
        find(details, RetryInfo.class).map(ErrorDetails::retryDelay).filter(ErrorDetails::isDelay),
        find(details, ResourceInfo.class),
        find(details, PreconditionFailure.class)
            .map(PreconditionFailure::getViolationsList)
            .orElse(List.of()),
        find(details, QuotaFailure.class).map(QuotaFailure::getViolationsList).orElse(List.of()));
  }

  private static <T extends Message> Optional<T> find(List<Any> details, Class<T> type) {
    for (var detail : details) {
      if (detail.is(type)) {
        try {
          return Optional.of(detail.unpack(type));
        } catch (InvalidProtocolBufferException unreadable) {
          return Optional.empty();
        }
      }
    }
    return Optional.empty();
  }

  private static ErrorReason knownReason(String reason) {
    var known = ErrorReason.getDescriptor().findValueByName("ERROR_REASON_" + reason);
    return known == null ? ErrorReason.ERROR_REASON_UNSPECIFIED : ErrorReason.valueOf(known);
  }

  private static Duration retryDelay(RetryInfo info) {
    return Duration.ofSeconds(info.getRetryDelay().getSeconds(), info.getRetryDelay().getNanos());
  }

  private static boolean isDelay(Duration delay) {
    return !delay.isZero() && !delay.isNegative();
  }
}
