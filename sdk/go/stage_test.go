package webhooks_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	webhooks "github.com/bookora/webhooks/sdk/go"
	"github.com/bookora/webhooks/sdk/go/internal/stage"
	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

// patient is a context for what takes moments on a machine that is not busy.
func patient(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*stage.Patience)
	t.Cleanup(cancel)
	return ctx
}

// connect makes a client of a service without TLS.
func connect(t testing.TB, address string, options ...webhooks.Option) *webhooks.Client {
	t.Helper()
	client, err := webhooks.NewClient("http://"+address, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// secured starts a service that asks for TLS and tokens, and makes a client that may do everything, and the token of
// a viewer.
func secured(t testing.TB, options []webhooks.Option, arguments ...string) (*stage.Service, *webhooks.Client, string) {
	t.Helper()
	tokensFile := filepath.Join(t.TempDir(), "tokens.toml")
	token := stage.NewToken(t, tokensFile, "admin", "publisher", "viewer")
	viewer := stage.NewToken(t, tokensFile, "viewer")
	service := stage.Start(t, append(arguments, "--tokens-file="+tokensFile,
		"--tls-cert="+stage.Certificate(t, "server.pem"), "--tls-key="+stage.Certificate(t, "server.key"))...)
	options = append(options, webhooks.WithCACertificates(authority(t)), webhooks.WithToken(token))
	client, err := webhooks.NewClient("https://"+service.Address, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return service, client, viewer
}

func authority(t testing.TB) []byte {
	return must(os.ReadFile(stage.Certificate(t, "ca.pem")))(t)
}

// must gives what a call returned, where it did not fail.
func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func booking(account, id string) *webhooksv1.PublishEventRequest {
	start := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	return &webhooksv1.PublishEventRequest{
		AccountId: account,
		Data: &webhooksv1.PublishEventRequest_BookingCreated{BookingCreated: &webhooksv1.BookingCreated{
			BookingId: id, CustomerId: "cus_1", CustomerName: "Zoë Baker", Service: "Massage",
			StartTime: timestamppb.New(start), EndTime: timestamppb.New(start.Add(time.Hour)), Price: 150,
		}},
	}
}

func subscribe(t testing.TB, client *webhooks.Client, endpoint *webhooksv1.Endpoint) *webhooksv1.CreateEndpointResponse {
	t.Helper()
	return must(client.EndpointAdmin.CreateEndpoint(patient(t),
		&webhooksv1.CreateEndpointRequest{Endpoint: endpoint}))(t)
}
