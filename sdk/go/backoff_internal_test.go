package webhooks

import (
	"testing"
	"time"

	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

func TestWaitsDoubleUpToTenSecondsAndBeginAnewAfterAMessage(t *testing.T) {
	waits := backoff{random: func(n int64) int64 { return n - 1 }}
	want := []time.Duration{100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000}
	for i, each := range want {
		if got := waits.next(0); got != each*time.Millisecond {
			t.Errorf("wait %d is %v", i, got)
		}
	}
	if got := waits.next(time.Minute); got != time.Minute {
		t.Errorf("a wait that the service asked for is %v", got)
	}
	waits.reset()
	if got := waits.next(0); got != backoffFirst {
		t.Errorf("after a message the wait is %v", got)
	}
	waits.random = func(int64) int64 { return 0 }
	if got := waits.next(0); got != 0 {
		t.Errorf("the shortest wait is %v", got)
	}
}

func TestARevisionIsNewOnceAndTheDeliverySeenLeastRecentlyIsForgotten(t *testing.T) {
	seen := newRevisions(2)
	for i, each := range []struct {
		id     string
		number int32
		isNew  bool
	}{
		{"a", 2, true}, {"a", 2, false}, {"a", 1, false}, {"a", 3, true},
		{"b", 1, true}, {"a", 3, false}, {"c", 1, true}, {"a", 3, false}, {"b", 1, true},
	} {
		if got := seen.isNew(&webhooksv1.Delivery{DeliveryId: each.id, Revision: each.number}); got != each.isNew {
			t.Errorf("step %d: %s at %d is new: %v", i, each.id, each.number, got)
		}
	}
	if len(seen.byID) != 2 || seen.order.Len() != 2 {
		t.Errorf("%d are remembered", len(seen.byID))
	}
}
