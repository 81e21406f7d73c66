package webhooks

import (
	"container/list"

	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

// About 15 MB. What is forgotten comes at worst a second time, after a resume.
const revisionsMax = 100_000

// revisions remembers the last revision of each delivery, of the ones seen least recently the fewest.
type revisions struct {
	max   int
	byID  map[string]*list.Element
	order *list.List // The least recently seen first.
}

type revision struct {
	deliveryID string
	number     int32
}

func newRevisions(most int) *revisions {
	return &revisions{max: most, byID: map[string]*list.Element{}, order: list.New()}
}

// isNew says whether the delivery was not seen at this revision or a later one, and remembers it.
func (r *revisions) isNew(delivery *webhooksv1.Delivery) bool {
	id, number := delivery.GetDeliveryId(), delivery.GetRevision()
	if element, seen := r.byID[id]; seen {
		r.order.MoveToBack(element)
		last := element.Value.(*revision)
		isNew := number > last.number
		last.number = max(last.number, number)
		return isNew
	}
	r.byID[id] = r.order.PushBack(&revision{id, number})
	if r.order.Len() > r.max {
		forgotten := r.order.Remove(r.order.Front()).(*revision)
		delete(r.byID, forgotten.deliveryID)
	}
	return true
}
