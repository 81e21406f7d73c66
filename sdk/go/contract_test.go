package webhooks_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	webhooks "github.com/bookora/webhooks/sdk/go"
	"github.com/bookora/webhooks/sdk/go/internal/stage"
	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

// calls has the full name of every RPC that a client called.
type calls struct{ called sync.Map }

func (c *calls) options() webhooks.Option {
	return webhooks.WithDialOptions(
		grpc.WithChainUnaryInterceptor(func(
			ctx context.Context, method string, request, response any, connection *grpc.ClientConn,
			invoke grpc.UnaryInvoker, options ...grpc.CallOption,
		) error {
			c.called.Store(method, true)
			return invoke(ctx, method, request, response, connection, options...)
		}),
		grpc.WithChainStreamInterceptor(func(
			ctx context.Context, description *grpc.StreamDesc, connection *grpc.ClientConn, method string,
			open grpc.Streamer, options ...grpc.CallOption,
		) (grpc.ClientStream, error) {
			c.called.Store(method, true)
			return open(ctx, description, connection, method, options...)
		}),
	)
}

// expectAll fails for an RPC of the contract that was not called.
func (c *calls) expectAll(t *testing.T) {
	t.Helper()
	count := 0
	for _, file := range []protoreflect.FileDescriptor{
		webhooksv1.File_bookora_webhooks_v1_event_ingest_proto,
		webhooksv1.File_bookora_webhooks_v1_endpoint_admin_proto,
		webhooksv1.File_bookora_webhooks_v1_delivery_query_proto,
	} {
		service := file.Services().Get(0)
		for i := range service.Methods().Len() {
			count++
			name := "/" + string(service.FullName()) + "/" + string(service.Methods().Get(i).Name())
			if _, called := c.called.Load(name); !called {
				t.Errorf("%s was not called", name)
			}
		}
	}
	if count < 20 {
		t.Errorf("the contract has %d RPCs only", count)
	}
}

// contract is the stage of the whole contract: a service with TLS and tokens, and a receiver.
type contract struct {
	*webhooks.Client
	hooks    *stage.Hooks
	endpoint *webhooksv1.Endpoint
}

const account = "acct_contract"

func TestEveryRPCOfTheContractHasAResult(t *testing.T) {
	t.Parallel()
	made := &calls{}
	c := &contract{hooks: stage.NewHooks(t)}
	_, c.Client, _ = secured(t, []webhooks.Option{made.options()}, "--custom-event-types=invoice.*")
	c.createAndRead(t)
	c.publishEveryBody(t)
	c.publishBatchAndStream(t)
	c.rotateAndRevoke(t)
	c.testAndListTypes(t)
	failed := c.failAndResend(t)
	c.query(t, failed)
	c.disableRecoverAndDelete(t)
	made.expectAll(t)
	for _, err := range c.hooks.Refused() {
		t.Errorf("a delivery did not verify: %v", err)
	}
}

func (c *contract) createAndRead(t *testing.T) {
	ctx := patient(t)
	created := subscribe(t, c.Client, &webhooksv1.Endpoint{AccountId: account, Url: c.hooks.URL})
	c.endpoint = created.GetEndpoint()
	c.hooks.Hold(created.GetSecret())
	id := c.endpoint.GetEndpointId()
	got := must(c.EndpointAdmin.GetEndpoint(ctx, &webhooksv1.GetEndpointRequest{AccountId: account, EndpointId: id}))(t)
	listed := must(c.EndpointAdmin.ListEndpoints(ctx, &webhooksv1.ListEndpointsRequest{AccountId: account}))(t)
	if got.GetEndpoint().GetUrl() != c.hooks.URL || len(listed.GetEndpoints()) != 1 {
		t.Errorf("the endpoint is %v, listed %v", got, listed)
	}
	updated := must(c.EndpointAdmin.UpdateEndpoint(ctx, &webhooksv1.UpdateEndpointRequest{
		Endpoint: &webhooksv1.Endpoint{
			AccountId: account, EndpointId: id, Etag: c.endpoint.GetEtag(), Description: "Front desk", Url: "not taken"},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"description"}},
	}))(t)
	if updated.GetEndpoint().GetDescription() != "Front desk" || updated.GetEndpoint().GetUrl() != c.hooks.URL {
		t.Errorf("the update made %v", updated)
	}
	secret := must(c.EndpointAdmin.GetEndpointSecret(ctx, &webhooksv1.GetEndpointSecretRequest{AccountId: account, EndpointId: id}))(t)
	if secret.GetSecret() != created.GetSecret() {
		t.Error("the secret is another")
	}
}

// publishEveryBody publishes what the vectors have of every type; the receiver gets their bodies.
func (c *contract) publishEveryBody(t *testing.T) {
	text := must(os.ReadFile(filepath.Join(stage.Root(), "tests/vectors/webhooks.json")))(t)
	var vectors struct {
		Bodies []struct {
			Name, ID, Body string
			Request        json.RawMessage
		}
	}
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors.Bodies) == 0 {
		t.Fatal("no bodies to publish", err)
	}
	for _, vector := range vectors.Bodies {
		request := &webhooksv1.PublishEventRequest{}
		if err := protojson.Unmarshal(vector.Request, request); err != nil {
			t.Fatal(err)
		}
		request.AccountId = account
		id := must(c.Publish(patient(t), request))(t).GetEventId()
		event := c.hooks.Await(t, id)
		if want := withID(vector.Body, vector.ID, id); string(event.Raw) != want {
			t.Errorf("%s arrived as %s, want %s", vector.Name, event.Raw, want)
		}
	}
}

func (c *contract) publishBatchAndStream(t *testing.T) {
	ctx := patient(t)
	batch := must(c.PublishBatch(ctx, []*webhooksv1.PublishEventRequest{booking(account, "bkg_b1"), booking(account, "bkg_b2")}))(t)
	for _, result := range batch.GetResults() {
		c.hooks.Await(t, must(webhooks.ResultOf(result))(t).GetEventId())
	}
	publisher := must(c.NewPublisher(ctx))(t)
	defer publisher.Close()
	pending := must(publisher.Publish(ctx, booking(account, "bkg_s1")))(t)
	c.hooks.Await(t, must(pending.Result(ctx))(t).GetEventId())
}

// rotateAndRevoke sees a delivery verify with each secret alone while both sign.
func (c *contract) rotateAndRevoke(t *testing.T) {
	ctx := patient(t)
	id := c.endpoint.GetEndpointId()
	old := must(c.EndpointAdmin.GetEndpointSecret(ctx, &webhooksv1.GetEndpointSecretRequest{AccountId: account, EndpointId: id}))(t)
	rotated := must(c.EndpointAdmin.RotateEndpointSecret(ctx, &webhooksv1.RotateEndpointSecretRequest{
		AccountId: account, EndpointId: id, Overlap: durationpb.New(3600e9)}))(t)
	for _, secrets := range [][]string{{old.GetSecret()}, {rotated.GetSecret()}, {old.GetSecret(), rotated.GetSecret()}} {
		c.hooks.Hold(secrets...)
		c.hooks.Await(t, must(c.Publish(ctx, booking(account, "bkg_r")))(t).GetEventId())
	}
	revoked := must(c.EndpointAdmin.RevokeEndpointSecret(ctx, &webhooksv1.RevokeEndpointSecretRequest{
		AccountId: account, EndpointId: id, SecretId: old.GetSecretId()}))(t)
	if secrets := revoked.GetEndpoint().GetSecrets(); len(secrets) != 1 {
		t.Errorf("%d secrets are in force", len(secrets))
	}
}

func (c *contract) testAndListTypes(t *testing.T) {
	tested := must(c.EndpointAdmin.TestEndpoint(patient(t), &webhooksv1.TestEndpointRequest{
		AccountId: account, EndpointId: c.endpoint.GetEndpointId()}))(t)
	if tested.GetAttempt().GetOutcome() != webhooksv1.Attempt_OUTCOME_SUCCEEDED {
		t.Errorf("the test had %v", tested)
	}
	types := must(c.EndpointAdmin.ListEventTypes(patient(t), &webhooksv1.ListEventTypesRequest{}))(t)
	if len(types.GetEventTypes()) != 8 {
		t.Errorf("there are %d types", len(types.GetEventTypes()))
	}
}
