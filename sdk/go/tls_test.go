package webhooks_test

import (
	"os"
	"testing"

	"google.golang.org/grpc/codes"

	webhooks "github.com/bookora/webhooks/sdk/go"
	"github.com/bookora/webhooks/sdk/go/internal/stage"
	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

func TestAServiceIsNotTrustedWithoutItsAuthority(t *testing.T) {
	t.Parallel()
	service, _, _ := secured(t, nil)
	client := must(webhooks.NewClient(service.Address))(t)
	defer client.Close()
	_, err := client.Publish(patient(t), booking("acct_1", "bkg_1"))
	if details := webhooks.DetailsOf(err); details.Code != codes.Unavailable || details.Reason != "" {
		t.Errorf("got %v", err)
	}
}

func TestAClientShowsItsCertificateToAServiceThatAsks(t *testing.T) {
	t.Parallel()
	certificate, key := stage.Certificate(t, "server.pem"), stage.Certificate(t, "server.key")
	service := stage.Start(t, "--tls-cert="+certificate, "--tls-key="+key,
		"--tls-client-ca="+stage.Certificate(t, "ca.pem"))
	shown := webhooks.WithClientCertificate(must(os.ReadFile(certificate))(t), must(os.ReadFile(key))(t))
	for _, options := range [][]webhooks.Option{{shown}, nil} {
		client := must(webhooks.NewClient(service.Address, append(options, webhooks.WithCACertificates(authority(t)))...))(t)
		defer client.Close()
		_, err := client.DeliveryQuery.ListEvents(patient(t), &webhooksv1.ListEventsRequest{AccountId: "acct_1"})
		if (err == nil) != (options != nil) {
			t.Errorf("with %d certificates the answer is %v", len(options), err)
		}
	}
}
