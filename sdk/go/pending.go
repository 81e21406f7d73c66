package webhooks

import (
	"context"

	"google.golang.org/grpc/status"

	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

// Pending is an event that was handed to a [Publisher].
type Pending struct {
	request  *webhooksv1.PublishEventRequest
	done     chan struct{}
	response *webhooksv1.PublishEventResponse
	err      error
}

// Result waits until the event is on disk, or refused: the error is then of this event alone, as
// [Client.Publish] would have returned it, or the one that the publisher gave up with. An event with
// UNAVAILABLE may be published again, as [Pending.Request] returns it.
//
// Where ctx ends first the error is its status; the event is published all the same.
func (p *Pending) Result(ctx context.Context) (*webhooksv1.PublishEventResponse, error) {
	select {
	case <-p.done:
		return p.response, p.err
	default:
	}
	select {
	case <-p.done:
		return p.response, p.err
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

// Done is closed when there is a result.
func (p *Pending) Done() <-chan struct{} { return p.done }

// Request is the request as it is sent, with its idempotency key. Do not change it.
func (p *Pending) Request() *webhooksv1.PublishEventRequest { return p.request }

func (p *Pending) settle(response *webhooksv1.PublishEventResponse, err error) {
	p.response, p.err = response, err
	close(p.done)
}
