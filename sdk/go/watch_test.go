package webhooks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	webhooks "github.com/bookora/webhooks/sdk/go"
	"github.com/bookora/webhooks/sdk/go/internal/stage"
	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

const (
	succeeded = webhooksv1.Delivery_STATE_SUCCEEDED
	published = 20
)

// watched is what a watch told, delivery by delivery.
type watched struct {
	revisions map[string][]int32
	succeeded map[string]bool
}

// follow takes updates until this many deliveries have succeeded.
func follow(t *testing.T, watch *webhooks.Watch, seen *watched, deliveries int) {
	t.Helper()
	for len(seen.succeeded) < deliveries {
		message := must(watch.Next())(t)
		delivery := message.GetUpdate().GetDelivery()
		if delivery == nil {
			continue
		}
		id := delivery.GetDeliveryId()
		seen.revisions[id] = append(seen.revisions[id], delivery.GetRevision())
		if delivery.GetState() == succeeded {
			seen.succeeded[id] = true
		}
	}
}

func publishBookings(t *testing.T, client *webhooks.Client, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		must(client.Publish(patient(t), booking("acct_1", fmt.Sprintf("bkg_%d", i))))(t)
	}
}

func TestAWatchTellsEveryRevisionOnceAndInOrderAlthoughTheServiceIsKilled(t *testing.T) {
	t.Parallel()
	service := stage.Start(t)
	client := connect(t, service.Address)
	hooks := stage.NewHooks(t)
	hooks.Hold(subscribe(t, client, &webhooksv1.Endpoint{AccountId: "acct_1", Url: hooks.URL}).GetSecret())
	watch := client.Watch(patient(t), &webhooksv1.WatchDeliveriesRequest{AccountId: "acct_1", IncludeSnapshot: true})
	defer watch.Close()
	if first := must(watch.Next())(t); first.GetSnapshotComplete() == nil || watch.ResumeToken() != "" {
		t.Fatalf("the snapshot of nothing begins with %v, and has a token before it is dealt with", first)
	}
	seen := &watched{map[string][]int32{}, map[string]bool{}}
	publishBookings(t, client, 0, published)
	follow(t, watch, seen, published)
	token := watch.ResumeToken()

	service.Kill()
	service.Restart()
	// In between, as far as the watch can tell: it was cut and has not asked since.
	publishBookings(t, connect(t, service.Address), published, 2*published)
	follow(t, watch, seen, 2*published)
	expectEveryRevision(t, seen, 2*published)

	resumed := client.Watch(patient(t), &webhooksv1.WatchDeliveriesRequest{AccountId: "acct_1", ResumeToken: token})
	defer resumed.Close()
	again := &watched{map[string][]int32{}, map[string]bool{}}
	follow(t, resumed, again, published)
	for id := range again.succeeded {
		if last := seen.revisions[id]; !slices.Contains(last, again.revisions[id][0]) {
			t.Errorf("%s has other revisions in the watch that goes on", id)
		}
	}
}

func expectEveryRevision(t *testing.T, seen *watched, deliveries int) {
	t.Helper()
	if len(seen.revisions) != deliveries {
		t.Errorf("%d deliveries were told of", len(seen.revisions))
	}
	for id, revisions := range seen.revisions {
		for i, revision := range revisions {
			if revision != int32(i+1) {
				t.Errorf("%s has the revisions %v", id, revisions)
				break
			}
		}
	}
}

func TestTheTokenOfAMessageCountsWhenTheNextOneIsAskedFor(t *testing.T) {
	t.Parallel()
	client := connect(t, stage.Start(t).Address)
	must(client.EndpointAdmin.CreateEndpoint(patient(t), &webhooksv1.CreateEndpointRequest{
		Endpoint: &webhooksv1.Endpoint{AccountId: "acct_1", Url: stage.NewHooks(t).URL}}))(t)
	watch := client.Watch(patient(t), &webhooksv1.WatchDeliveriesRequest{AccountId: "acct_1", IncludeSnapshot: true})
	for range watch.All() {
		break // At snapshot_complete, before it was dealt with.
	}
	if watch.ResumeToken() != "" {
		t.Error("the token counts although nobody asked for more")
	}
	publishBookings(t, client, 0, 1)
	var first *webhooksv1.WatchDeliveriesResponse
	for message, err := range watch.All() {
		first = must(message, err)(t)
		break
	}
	if token := watch.ResumeToken(); token == "" || token == first.GetResumeToken() {
		t.Errorf("the token is %q while the message with %q is dealt with", token, first.GetResumeToken())
	}
	watch.Close()
}

func TestClosingAWatchFromElsewhereEndsItAtOnce(t *testing.T) {
	t.Parallel()
	client := connect(t, stage.Start(t).Address)
	watch := client.Watch(t.Context(), &webhooksv1.WatchDeliveriesRequest{AccountId: "acct_1"})
	ended := make(chan error, 1)
	go func() {
		for _, err := range watch.All() {
			ended <- err
			return
		}
		ended <- nil
	}()
	// It is open when its first heartbeat has come.
	for deadline := time.Now().Add(stage.Patience); watch.ResumeToken() == ""; {
		if time.Now().After(deadline) {
			t.Fatal("no heartbeat came")
		}
		time.Sleep(time.Millisecond)
	}
	watch.Close()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("a closed watch ends with %v", err)
		}
	case <-time.After(stage.Patience):
		t.Fatal("the watch goes on")
	}
	if _, err := watch.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("a closed watch says %v", err)
	}
}

func TestAWatchOfNobodyThereEndsWithItsContext(t *testing.T) {
	t.Parallel()
	service := stage.Start(t)
	service.Kill()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := connect(t, service.Address).Watch(ctx, &webhooksv1.WatchDeliveriesRequest{AccountId: "acct_1"}).Next()
	if webhooks.DetailsOf(err).Code != codes.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
}

func TestAWatchThatNoNewStreamMendsEndsWithItsError(t *testing.T) {
	t.Parallel()
	client := connect(t, stage.Start(t).Address)
	for _, request := range []*webhooksv1.WatchDeliveriesRequest{
		{AccountId: "acct_1", ResumeToken: "no token"}, {AccountId: ""}, nil,
	} {
		var errs []error
		for message, err := range client.Watch(patient(t), request).All() {
			if message != nil {
				t.Fatalf("%v tells something", request)
			}
			errs = append(errs, err)
		}
		if len(errs) != 1 || webhooks.DetailsOf(errs[0]).Code != codes.InvalidArgument {
			t.Errorf("%v ends with %v", request, errs)
		}
	}
}
