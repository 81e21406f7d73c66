package webhooks_test

import (
	"errors"
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"

	webhooks "github.com/bookora/webhooks/sdk/go"
	"github.com/bookora/webhooks/sdk/go/internal/stage"
	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

// expect checks code and reason, and that the reason is a known one.
func expect(t *testing.T, err error, code codes.Code, reason string) webhooks.ErrorDetails {
	t.Helper()
	details := webhooks.DetailsOf(fmt.Errorf("wrapped: %w", err))
	if details.Code != code || details.Reason != reason ||
		details.KnownReason.String() != "ERROR_REASON_"+reason {
		t.Errorf("want %v %s, got %v %s: %v", code, reason, details.Code, details.Reason, err)
	}
	return details
}

func TestTheDetailsOfAnErrorAreTyped(t *testing.T) {
	t.Parallel()
	ctx := patient(t)
	client := connect(t, stage.Start(t).Address)
	bad := booking("acct_1", "bkg_1")
	bad.GetBookingCreated().Price = -1
	_, err := client.Publish(ctx, bad)
	violations := expect(t, err, codes.InvalidArgument, "INVALID_FIELDS").FieldViolations
	if len(violations) != 1 || violations[0].GetField() != "booking_created.price" || violations[0].GetDescription() == "" {
		t.Errorf("the violations are %v", violations)
	}

	keyed := booking("acct_1", "bkg_1")
	keyed.IdempotencyKey = "bkg_1 created"
	first := must(client.Publish(ctx, keyed))(t)
	keyed.GetBookingCreated().Price = 151
	_, err = client.Publish(ctx, keyed)
	resource := expect(t, err, codes.AlreadyExists, "IDEMPOTENCY_KEY_REUSED").Resource
	if resource.GetResourceName() != first.GetEventId() || resource.GetResourceType() == "" {
		t.Errorf("the resource is %v", resource)
	}
	batch := must(client.PublishBatch(ctx, []*webhooksv1.PublishEventRequest{keyed, booking("acct_1", "bkg_2")}))(t)
	_, err = webhooks.ResultOf(batch.GetResults()[0])
	expect(t, err, codes.AlreadyExists, "IDEMPOTENCY_KEY_REUSED")
	if must(webhooks.ResultOf(batch.GetResults()[1]))(t).GetEventId() == "" {
		t.Error("the other one of the batch is not published")
	}

	_, err = client.EndpointAdmin.GetEndpoint(ctx, &webhooksv1.GetEndpointRequest{
		AccountId: "acct_1", EndpointId: "ep_00000000000000000000000000"})
	expect(t, err, codes.NotFound, "ENDPOINT_NOT_FOUND")
	endpoint := subscribe(t, client, &webhooksv1.Endpoint{AccountId: "acct_1", Url: "http://127.0.0.1:9/"}).GetEndpoint()
	endpoint.Etag, endpoint.Description = "another", "changed"
	_, err = client.EndpointAdmin.UpdateEndpoint(ctx, &webhooksv1.UpdateEndpointRequest{Endpoint: endpoint})
	expect(t, err, codes.Aborted, "ETAG_MISMATCH")
	rotate := &webhooksv1.RotateEndpointSecretRequest{AccountId: "acct_1", EndpointId: endpoint.GetEndpointId()}
	must(client.EndpointAdmin.RotateEndpointSecret(ctx, rotate))(t)
	_, err = client.EndpointAdmin.RotateEndpointSecret(ctx, rotate)
	if details := expect(t, err, codes.FailedPrecondition, "ROTATION_IN_PROGRESS"); len(details.PreconditionViolations) != 1 {
		t.Errorf("the preconditions are %v", details.PreconditionViolations)
	}
}

func TestWhatCredentialsLackIsSaid(t *testing.T) {
	t.Parallel()
	ctx := patient(t)
	service, _, viewer := secured(t, nil)
	for _, each := range []struct {
		token  string
		code   codes.Code
		reason string
	}{
		{"", codes.Unauthenticated, "CREDENTIALS_MISSING"},
		{"bwt_unknown", codes.Unauthenticated, "CREDENTIALS_INVALID"},
		{viewer, codes.PermissionDenied, "PERMISSION_DENIED"},
	} {
		client := must(webhooks.NewClient(service.Address,
			webhooks.WithCACertificates(authority(t)), webhooks.WithToken(each.token)))(t)
		defer client.Close()
		_, err := client.Publish(ctx, booking("acct_1", "bkg_1"))
		expect(t, err, each.code, each.reason)
	}
}

func TestAnErrorOfSomebodyElseHasNoReason(t *testing.T) {
	t.Parallel()
	if details := webhooks.DetailsOf(errors.New("else")); details.Code != codes.Unknown || details.Reason != "" {
		t.Errorf("got %v", details)
	}
	if details := webhooks.DetailsOf(nil); details.Code != codes.OK {
		t.Errorf("no error has %v", details)
	}
	if _, err := webhooks.ResultOf(nil); webhooks.DetailsOf(err).Code != codes.Internal {
		t.Errorf("no result has %v", err)
	}
}
