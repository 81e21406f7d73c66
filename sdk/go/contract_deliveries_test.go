package webhooks_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

func withID(body, id, other string) string { return strings.Replace(body, id, other, 1) }

// awaitState watches the deliveries of an event, closed ones too, until one is in a state.
func (c *contract) awaitState(t *testing.T, eventID string, state webhooksv1.Delivery_State) *webhooksv1.Delivery {
	t.Helper()
	watch := c.Watch(patient(t), &webhooksv1.WatchDeliveriesRequest{
		AccountId: account, IncludeSnapshot: true, Filter: &webhooksv1.DeliveryFilter{EventIds: []string{eventID}}})
	defer watch.Close()
	for message, err := range watch.All() {
		delivery := must(message, err)(t).GetUpdate().GetDelivery()
		if delivery.GetState() == state {
			return delivery
		}
	}
	return nil
}

// failAndResend has a delivery refused, cancels it and sends it again.
func (c *contract) failAndResend(t *testing.T) *webhooksv1.Delivery {
	ctx := patient(t)
	c.hooks.Answer(http.StatusServiceUnavailable)
	id := must(c.Publish(ctx, booking(account, "bkg_refused")))(t).GetEventId()
	delivery := c.awaitState(t, id, webhooksv1.Delivery_STATE_RETRYING)
	cancelled := must(c.EndpointAdmin.CancelDelivery(ctx, &webhooksv1.CancelDeliveryRequest{
		AccountId: account, DeliveryId: delivery.GetDeliveryId()}))(t)
	if cancelled.GetDelivery().GetState() != webhooksv1.Delivery_STATE_CANCELLED {
		t.Errorf("cancelled, it is %v", cancelled)
	}
	c.hooks.Answer(http.StatusNoContent)
	resent := must(c.EndpointAdmin.ResendDelivery(ctx, &webhooksv1.ResendDeliveryRequest{
		AccountId: account, DeliveryId: delivery.GetDeliveryId()}))(t)
	if resent.GetDelivery().GetState() != webhooksv1.Delivery_STATE_PENDING {
		t.Errorf("resent, it is %v", resent)
	}
	return c.awaitState(t, id, webhooksv1.Delivery_STATE_SUCCEEDED)
}

func (c *contract) query(t *testing.T, delivery *webhooksv1.Delivery) {
	ctx := patient(t)
	event := must(c.DeliveryQuery.GetEvent(ctx, &webhooksv1.GetEventRequest{AccountId: account, EventId: delivery.GetEventId()}))(t)
	full := must(c.DeliveryQuery.GetDelivery(ctx, &webhooksv1.GetDeliveryRequest{
		AccountId: account, DeliveryId: delivery.GetDeliveryId(), View: webhooksv1.DeliveryView_DELIVERY_VIEW_FULL}))(t)
	if payload := event.GetEvent().GetPayload(); payload == "" || payload != full.GetDelivery().GetPayload() {
		t.Errorf("the payloads are %q and %q", payload, full.GetDelivery().GetPayload())
	}
	attempts := must(c.DeliveryQuery.ListAttempts(ctx, &webhooksv1.ListAttemptsRequest{
		AccountId: account, DeliveryId: delivery.GetDeliveryId()}))(t).GetAttempts()
	if len(attempts) != 2 || attempts[0].GetHttpStatus() != 503 || attempts[1].GetHttpStatus() != 204 {
		t.Errorf("the attempts are %v", attempts)
	}
	events := must(c.DeliveryQuery.ListEvents(ctx, &webhooksv1.ListEventsRequest{AccountId: account, PageSize: 2}))(t)
	deliveries := must(c.DeliveryQuery.ListDeliveries(ctx, &webhooksv1.ListDeliveriesRequest{AccountId: account, PageSize: 2}))(t)
	if len(events.GetEvents()) != 2 || len(deliveries.GetDeliveries()) != 2 || deliveries.GetWatchToken() == "" {
		t.Errorf("the pages are %v and %v", events, deliveries)
	}
	for stats := must(c.DeliveryQuery.GetDeliveryStats(ctx, &webhooksv1.GetDeliveryStatsRequest{AccountId: account}))(t); stats.GetSucceededCount() < 3; {
		// They follow by about a second.
		time.Sleep(20 * time.Millisecond)
		stats = must(c.DeliveryQuery.GetDeliveryStats(ctx, &webhooksv1.GetDeliveryStatsRequest{AccountId: account}))(t)
	}
}

// disableRecoverAndDelete misses an event while the endpoint is off, and gets it afterwards.
func (c *contract) disableRecoverAndDelete(t *testing.T) {
	ctx := patient(t)
	id := c.endpoint.GetEndpointId()
	before := time.Now().Add(-time.Hour)
	disabled := must(c.EndpointAdmin.DisableEndpoint(ctx, &webhooksv1.DisableEndpointRequest{
		AccountId: account, EndpointId: id, Reason: "moving"}))(t)
	if disabled.GetEndpoint().GetStateReason() != "moving" {
		t.Errorf("disabled, it is %v", disabled)
	}
	missed := must(c.Publish(ctx, booking(account, "bkg_missed")))(t)
	enabled := must(c.EndpointAdmin.EnableEndpoint(ctx, &webhooksv1.EnableEndpointRequest{AccountId: account, EndpointId: id}))(t)
	if missed.GetDeliveryCount() != 0 || enabled.GetEndpoint().GetState() != webhooksv1.Endpoint_STATE_ACTIVE {
		t.Errorf("%v, then %v", missed, enabled)
	}
	recovered := must(c.EndpointAdmin.RecoverEndpoint(ctx, &webhooksv1.RecoverEndpointRequest{
		AccountId: account, EndpointId: id, StartTime: timestamppb.New(before),
		Include: []webhooksv1.RecoveryKind{webhooksv1.RecoveryKind_RECOVERY_KIND_MISSED}}))(t)
	if recovered.GetDeliveryCount() != 1 {
		t.Errorf("the recovery is %v", recovered)
	}
	c.hooks.Await(t, missed.GetEventId())
	must(c.EndpointAdmin.DeleteEndpoint(ctx, &webhooksv1.DeleteEndpointRequest{AccountId: account, EndpointId: id}))(t)
	listed := must(c.EndpointAdmin.ListEndpoints(ctx, &webhooksv1.ListEndpointsRequest{AccountId: account}))(t)
	if len(listed.GetEndpoints()) != 0 {
		t.Errorf("deleted, it is still listed: %v", listed)
	}
}
