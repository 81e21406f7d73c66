package webhooks

import (
	"context"
	"crypto/rand"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

// Publish publishes one event. Where the request has no idempotency key it is sent with a random one, so
// that the retries of this call make no second event; the request itself is not changed. A key of one's
// own, which names what happened, covers also a publisher that crashes and begins again.
func (c *Client) Publish(
	ctx context.Context, request *webhooksv1.PublishEventRequest, options ...grpc.CallOption,
) (*webhooksv1.PublishEventResponse, error) {
	return c.EventIngest.PublishEvent(ctx, keyed(request), options...)
}

// PublishBatch publishes 1-500 events in one transaction, with keys as [Client.Publish] makes them.
// [ResultOf] reads each of the results, which are in the order of the requests.
func (c *Client) PublishBatch(
	ctx context.Context, requests []*webhooksv1.PublishEventRequest, options ...grpc.CallOption,
) (*webhooksv1.BatchPublishEventsResponse, error) {
	batch := &webhooksv1.BatchPublishEventsRequest{
		Requests: make([]*webhooksv1.PublishEventRequest, len(requests)),
	}
	for i, request := range requests {
		batch.Requests[i] = keyed(request)
	}
	return c.EventIngest.BatchPublishEvents(ctx, batch, options...)
}

// keyed is the request, or a copy of it with a key where it has none.
func keyed(request *webhooksv1.PublishEventRequest) *webhooksv1.PublishEventRequest {
	if request == nil {
		// For the service to say what is missing.
		return &webhooksv1.PublishEventRequest{}
	}
	if request.GetIdempotencyKey() != "" {
		return request
	}
	request = proto.CloneOf(request)
	request.IdempotencyKey = newKey()
	return request
}

// newKey is a random UUID (RFC 9562, version 4).
func newKey() string {
	var uuid [16]byte
	// It does not fail: the program ends where the system has no randomness.
	_, _ = rand.Read(uuid[:])
	uuid[6] = uuid[6]&0x0f | 0x40
	uuid[8] = uuid[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", uuid[:4], uuid[4:6], uuid[6:8], uuid[8:10], uuid[10:])
}
