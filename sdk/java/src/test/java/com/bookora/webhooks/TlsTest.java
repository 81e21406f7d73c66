package com.bookora.webhooks;

import static com.bookora.webhooks.stage.Samples.booking;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.bookora.webhooks.stage.OnStage;
import com.bookora.webhooks.stage.Service;
import com.bookora.webhooks.v1.ListEventsRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import org.junit.jupiter.api.Test;

class TlsTest extends OnStage {
  private static final ListEventsRequest LIST =
      ListEventsRequest.newBuilder().setAccountId("acct_1").build();

  @Test
  void aServiceIsNotTrustedWithoutItsAuthority() throws Exception {
    var client = open(Client.connect(startSecured().service().address()));
    var error =
        assertThrows(
            StatusRuntimeException.class, () -> client.publish(booking("acct_1", "bkg_1")));
    assertEquals(Status.Code.UNAVAILABLE, error.getStatus().getCode());
    assertEquals("", ErrorDetails.of(error).reason());
  }

  @Test
  void aClientShowsItsCertificateToAServiceThatAsks() throws Exception {
    var service =
        startService(
            "--tls-cert=" + Service.certificateFile("server.pem"),
            "--tls-key=" + Service.certificateFile("server.key"),
            "--tls-client-ca=" + Service.certificateFile("ca.pem"));
    var authority = Service.certificate("ca.pem");
    var shown =
        open(
            Client.builder(service.address())
                .caCertificates(authority)
                .clientCertificate(
                    Service.certificate("server.pem"), Service.certificate("server.key"))
                .build());
    assertEquals(0, shown.deliveryQuery().listEvents(LIST).getEventsCount());
    var hidden = open(Client.builder(service.address()).caCertificates(authority).build());
    assertThrows(StatusRuntimeException.class, () -> hidden.deliveryQuery().listEvents(LIST));
  }
}
