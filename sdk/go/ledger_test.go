package webhooks_test

import (
	"testing"
	"time"

	webhooks "github.com/bookora/webhooks/sdk/go"
	"github.com/bookora/webhooks/sdk/go/receiver"
	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

// storedBookings lists when the events of an account were stored, by the id of their booking.
func storedBookings(t *testing.T, client *webhooks.Client, account string) map[string][]time.Time {
	t.Helper()
	stored := map[string][]time.Time{}
	request := &webhooksv1.ListEventsRequest{AccountId: account, PageSize: 1000}
	for {
		page := must(client.DeliveryQuery.ListEvents(patient(t), request))(t)
		for _, listed := range page.GetEvents() {
			event := must(receiver.Parse([]byte(listed.GetPayload())))(t)
			id := event.Data.(*receiver.BookingCreated).BookingID
			stored[id] = append(stored[id], listed.GetPublishTime().AsTime())
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			return stored
		}
	}
}
