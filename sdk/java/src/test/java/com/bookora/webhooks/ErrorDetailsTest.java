package com.bookora.webhooks;

import static com.bookora.webhooks.stage.Samples.booking;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.bookora.webhooks.stage.OnStage;
import com.bookora.webhooks.v1.CreateEndpointRequest;
import com.bookora.webhooks.v1.Endpoint;
import com.bookora.webhooks.v1.GetEndpointRequest;
import com.bookora.webhooks.v1.PublishEventResult;
import com.bookora.webhooks.v1.RotateEndpointSecretRequest;
import com.bookora.webhooks.v1.UpdateEndpointRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class ErrorDetailsTest extends OnStage {
  /** Checks code and reason, and that the reason is a known one. */
  static ErrorDetails expect(Status.Code code, String reason, Executable call) {
    var error = assertThrows(StatusRuntimeException.class, call);
    var details = ErrorDetails.of(new CompletionException("wrapped", error));
    assertEquals(code, details.code(), error.getMessage());
    assertEquals(reason, details.reason(), error.getMessage());
    assertEquals("ERROR_REASON_" + reason, details.knownReason().name());
    return details;
  }

  @Test
  void theDetailsOfAPublishsErrorAreTyped() throws Exception {
    var client = connect(startService());
    var violations =
        expect(
                Status.Code.INVALID_ARGUMENT,
                "INVALID_FIELDS",
                () -> client.publish(booking("acct_1", "bkg_1", -1)))
            .fieldViolations();
    assertEquals(1, violations.size());
    assertEquals("booking_created.price", violations.get(0).getField());
    assertFalse(violations.get(0).getDescription().isEmpty());

    var keyed = booking("acct_1", "bkg_1").toBuilder().setIdempotencyKey("bkg_1 created").build();
    var first = client.publish(keyed);
    var other =
        booking("acct_1", "bkg_1", 151).toBuilder().setIdempotencyKey("bkg_1 created").build();
    var resource =
        expect(Status.Code.ALREADY_EXISTS, "IDEMPOTENCY_KEY_REUSED", () -> client.publish(other))
            .resource()
            .orElseThrow();
    assertEquals(first.getEventId(), resource.getResourceName());
    assertFalse(resource.getResourceType().isEmpty());
    var batch = client.publishBatch(List.of(other, booking("acct_1", "bkg_2")));
    expect(
        Status.Code.ALREADY_EXISTS,
        "IDEMPOTENCY_KEY_REUSED",
        () -> Client.resultOf(batch.getResults(0)));
    assertFalse(Client.resultOf(batch.getResults(1)).getEventId().isEmpty());
  }

  @Test
  void theDetailsOfAnEndpointsErrorAreTyped() throws Exception {
    var admin = connect(startService()).endpointAdmin();
    var unknown =
        GetEndpointRequest.newBuilder()
            .setAccountId("acct_1")
            .setEndpointId("ep_00000000000000000000000000")
            .build();
    expect(Status.Code.NOT_FOUND, "ENDPOINT_NOT_FOUND", () -> admin.getEndpoint(unknown));
    var created =
        admin.createEndpoint(
            CreateEndpointRequest.newBuilder()
                .setEndpoint(
                    Endpoint.newBuilder().setAccountId("acct_1").setUrl("http://127.0.0.1:9/"))
                .build());
    var changed =
        created.getEndpoint().toBuilder().setEtag("another").setDescription("changed").build();
    expect(
        Status.Code.ABORTED,
        "ETAG_MISMATCH",
        () ->
            admin.updateEndpoint(UpdateEndpointRequest.newBuilder().setEndpoint(changed).build()));
    var rotate =
        RotateEndpointSecretRequest.newBuilder()
            .setAccountId("acct_1")
            .setEndpointId(created.getEndpoint().getEndpointId())
            .build();
    admin.rotateEndpointSecret(rotate);
    var details =
        expect(
            Status.Code.FAILED_PRECONDITION,
            "ROTATION_IN_PROGRESS",
            () -> admin.rotateEndpointSecret(rotate));
    assertEquals(1, details.preconditionViolations().size());
  }

  @Test
  void whatCredentialsLackIsSaid() throws Exception {
    var secured = startSecured();
    expectRefused(secured, "", Status.Code.UNAUTHENTICATED, "CREDENTIALS_MISSING");
    expectRefused(secured, "bwt_unknown", Status.Code.UNAUTHENTICATED, "CREDENTIALS_INVALID");
    expectRefused(secured, secured.viewer(), Status.Code.PERMISSION_DENIED, "PERMISSION_DENIED");
  }

  private void expectRefused(Secured secured, String token, Status.Code code, String reason)
      throws Exception {
    var client = open(secured.client(token).build());
    expect(code, reason, () -> client.publish(booking("acct_1", "bkg_1")));
  }

  @Test
  void anErrorOfSomebodyElseHasNoReason() {
    var details = ErrorDetails.of(new IllegalStateException("else"));
    assertEquals(Status.Code.UNKNOWN, details.code());
    assertEquals("", details.reason());
    assertTrue(details.retryDelay().isEmpty());
    assertEquals(Status.Code.OK, ErrorDetails.of(null).code());
    var nothing = PublishEventResult.getDefaultInstance();
    var error = assertThrows(StatusRuntimeException.class, () -> Client.resultOf(nothing));
    assertEquals(Status.Code.INTERNAL, error.getStatus().getCode());
  }
}
