package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "webhooks.bookora/conformance/gen/bookora/webhooks/v1"
)

// names has ids in the order in which they were first seen: their places are their names.
type names struct {
	events []string
	// By name.
	deliveries map[string]string
}

func (n *names) event(id string) string {
	if !strings.HasPrefix(id, "evt_") {
		return id
	}
	if !slices.Contains(n.events, id) {
		n.events = append(n.events, id)
	}
	return fmt.Sprintf("event %d", slices.Index(n.events, id)+1)
}

// There is one endpoint: a delivery has its event's number.
func (n *names) delivery(delivery *pb.Delivery) string {
	name := strings.Replace(n.event(delivery.EventId), "event", "delivery", 1)
	if n.deliveries == nil {
		n.deliveries = map[string]string{}
	}
	n.deliveries[name] = delivery.DeliveryId
	return name
}

func (n *names) byName(one, other *pb.Delivery) int {
	return cmp.Compare(n.delivery(one), n.delivery(other))
}

func (n *names) showPublished(name string, published *pb.PublishEventResponse) {
	fmt.Printf("%s: %s, %d deliveries, duplicate: %s\n", name, n.event(published.EventId),
		published.DeliveryCount, either(published.Duplicate, "yes", "no"))
}

// By delivery; those of one delivery in the order in which they came.
func (n *names) showUpdates(title string, updates []*pb.DeliveryUpdate) {
	fmt.Printf("%s: %d updates\n", title, len(updates))
	sorted := slices.SortedStableFunc(slices.Values(updates), func(one, other *pb.DeliveryUpdate) int {
		return n.byName(one.Delivery, other.Delivery)
	})
	for _, update := range sorted {
		delivery := update.Delivery
		fmt.Printf("  %s revision %d: %s -> %s, %d attempts", n.delivery(delivery), delivery.Revision,
			update.PreviousState, delivery.State, delivery.AttemptCount)
		if attempt := delivery.LastAttempt; attempt != nil {
			fmt.Printf(", the last %s %d", attempt.Outcome, attempt.HttpStatus)
		}
		fmt.Println(either(delivery.NextAttemptTime != nil, ", another is due", ""))
	}
}

func (n *names) showError(name string, err error) {
	n.showStatus(name, status.Convert(err))
}

func (n *names) showStatus(name string, status *status.Status) {
	fmt.Printf("%s: %s\n", name, codeName(status.Code()))
	for _, detail := range status.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			fmt.Printf("  reason %s of %s\n", detail.Reason, detail.Domain)
		case *errdetails.ResourceInfo:
			fmt.Printf("  resource %s %s\n", detail.ResourceType, n.event(detail.ResourceName))
		case *errdetails.BadRequest:
			fmt.Printf("  %d fields\n", len(detail.FieldViolations))
			for _, violation := range detail.FieldViolations {
				fmt.Printf("  %s: %s\n", violation.Field, violation.Description)
			}
		}
	}
}

func revision(delivery *pb.Delivery) string {
	return fmt.Sprintf("%s %d", delivery.GetDeliveryId(), delivery.GetRevision())
}

// codeName is the name in the contract, such as NOT_FOUND; grpc-go's own is NotFound.
func codeName(c codes.Code) string { return code.Code(c).String() }

func either(holds bool, yes, no string) string {
	if holds {
		return yes
	}
	return no
}
