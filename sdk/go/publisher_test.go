package webhooks_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	webhooks "github.com/bookora/webhooks/sdk/go"
	"github.com/bookora/webhooks/sdk/go/internal/stage"
	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

const (
	eventsMany = 10_000
	// Fewer than the default, so that the bound is seen to hold.
	boundChosen = 200
)

// publishMany hands in bookings one by one, calls halfway before the middle one, and sees that results
// come in order and that no more events are outstanding than may be.
func publishMany(t *testing.T, client *webhooks.Client, account string, halfway func()) {
	t.Helper()
	ctx := patient(t)
	publisher := must(client.NewPublisher(ctx, webhooks.WithMaxOutstanding(boundChosen)))(t)
	var pendings []*webhooks.Pending
	settled, most := 0, 0
	began := time.Now()
	for i := range eventsMany {
		if i == eventsMany/2 {
			halfway()
		}
		pendings = append(pendings, must(publisher.Publish(ctx, booking(account, fmt.Sprintf("bkg_%d", i))))(t))
		for settled < len(pendings) && isDone(pendings[settled]) {
			settled++
		}
		most = max(most, len(pendings)-settled)
	}
	if err := publisher.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%.0f events/s, at most %d outstanding", eventsMany/time.Since(began).Seconds(), most)
	if most > boundChosen || most < 2 {
		t.Errorf("%d were outstanding at once", most)
	}
	ids := map[string]bool{}
	for _, pending := range pendings {
		ids[must(pending.Result(ctx))(t).GetEventId()] = true
	}
	if len(ids) != eventsMany {
		t.Errorf("the events have %d ids", len(ids))
	}
}

func isDone(pending *webhooks.Pending) bool {
	select {
	case <-pending.Done():
		return true
	default:
		return false
	}
}

// expectStoredInOrder expects each event once, and none before those that were handed in before it.
func expectStoredInOrder(t *testing.T, client *webhooks.Client, account string) {
	t.Helper()
	stored := storedBookings(t, client, account)
	var last time.Time
	for i := range eventsMany {
		times := stored[fmt.Sprintf("bkg_%d", i)]
		if len(times) != 1 || times[0].Before(last) {
			t.Fatalf("event %d was stored at %v, the one before it at %v", i, times, last)
		}
		last = times[0]
	}
	if len(stored) != eventsMany {
		t.Errorf("%d events are stored", len(stored))
	}
}

func TestTenThousandEventsAreStoredInOrderWithinTheBound(t *testing.T) {
	t.Parallel()
	client := connect(t, stage.Start(t).Address)
	publishMany(t, client, "acct_many", func() {})
	expectStoredInOrder(t, client, "acct_many")
}

func TestEventsAreStoredOnceAndInOrderWhereTheServiceIsKilledMeanwhile(t *testing.T) {
	t.Parallel()
	service := stage.Start(t)
	client := connect(t, service.Address)
	publishMany(t, client, "acct_killed", func() {
		service.Kill()
		service.Restart()
	})
	expectStoredInOrder(t, client, "acct_killed")
}

func TestARefusedEventFailsAloneAndThoseBehindItGoOn(t *testing.T) {
	t.Parallel()
	ctx := patient(t)
	client := connect(t, stage.Start(t).Address)
	publisher := must(client.NewPublisher(ctx))(t)
	refused := booking("acct_1", "bkg_1")
	refused.GetBookingCreated().Price = -1
	before := proto.CloneOf(refused)
	bad := must(publisher.Publish(ctx, refused))(t)
	good := must(publisher.Publish(ctx, booking("acct_1", "bkg_2")))(t)
	if err := publisher.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if !isDone(bad) || !isDone(good) {
		t.Error("Flush came back before the results")
	}
	_, err := bad.Result(ctx)
	details := webhooks.DetailsOf(err)
	if details.Code != codes.InvalidArgument || len(details.FieldViolations) != 1 ||
		details.FieldViolations[0].GetField() != "request.booking_created.price" {
		t.Errorf("the refused event has %v", err)
	}
	if published := must(good.Result(ctx))(t); published.GetEventId() == "" {
		t.Error("the good event has no id")
	}
	if !proto.Equal(refused, before) || bad.Request().GetIdempotencyKey() == "" {
		t.Error("the key is not in the copy alone")
	}
	if err := publisher.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := publisher.Publish(ctx, booking("acct_1", "bkg_3")); !errors.Is(err, webhooks.ErrPublisherClosed) {
		t.Errorf("a closed publisher says %v", err)
	}
}

func TestAPublisherGivesUpWhereNobodyAnswers(t *testing.T) {
	t.Parallel()
	ctx := patient(t)
	service := stage.Start(t)
	client := connect(t, service.Address)
	service.Kill()
	publisher := must(client.NewPublisher(ctx, webhooks.WithGiveUpAfter(300*time.Millisecond)))(t)
	first := must(publisher.Publish(ctx, booking("acct_1", "bkg_1")))(t)
	if _, err := first.Result(ctx); webhooks.DetailsOf(err).Code != codes.Unavailable {
		t.Errorf("the event has %v", err)
	}
	if err := publisher.Close(); webhooks.DetailsOf(err).Code != codes.Unavailable {
		t.Errorf("Close says %v", err)
	}
	if _, err := publisher.Publish(ctx, booking("acct_1", "bkg_2")); err == nil {
		t.Error("a publisher that gave up takes events")
	}
}

func TestACancelledPublisherFailsWhatIsOutstanding(t *testing.T) {
	t.Parallel()
	service := stage.Start(t)
	client := connect(t, service.Address)
	service.Kill()
	ctx, cancel := context.WithCancel(t.Context())
	publisher := must(client.NewPublisher(ctx, webhooks.WithMaxOutstanding(1)))(t)
	first := must(publisher.Publish(t.Context(), booking("acct_1", "bkg_1")))(t)
	soon, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if _, err := publisher.Publish(soon, booking("acct_1", "bkg_2")); webhooks.DetailsOf(err).Code != codes.DeadlineExceeded {
		t.Errorf("a full publisher says %v", err)
	}
	cancel()
	if _, err := first.Result(patient(t)); webhooks.DetailsOf(err).Code != codes.Canceled {
		t.Errorf("the event has %v", err)
	}
}

func TestWhatCannotBeSentIsRefusedBeforeItIsHandedIn(t *testing.T) {
	t.Parallel()
	publisher := must(connect(t, stage.Start(t).Address).NewPublisher(patient(t)))(t)
	defer publisher.Close()
	_, err := publisher.Publish(patient(t), &webhooksv1.PublishEventRequest{AccountId: "\xff"})
	if webhooks.DetailsOf(err).Code != codes.Internal {
		t.Errorf("got %v", err)
	}
	for _, option := range []webhooks.PublisherOption{
		webhooks.WithMaxOutstanding(0), webhooks.WithMaxOutstanding(257), webhooks.WithGiveUpAfter(0),
	} {
		if _, err := connect(t, "127.0.0.1:1").NewPublisher(t.Context(), option); err == nil {
			t.Error("an option out of range is taken")
		}
	}
}
