package webhooks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

// The service reads no more requests of a stream whose results were not read.
const outstandingMax = 256

const giveUpDefault = 2 * time.Minute

// ErrPublisherClosed is what [Publisher.Publish] returns after [Publisher.Close].
var ErrPublisherClosed = errors.New("webhooks: the publisher is closed")

// Publisher publishes events one by one as they come, nearly as fast as batches. Where its stream breaks
// it opens another and sends again whatever has no result, with the same idempotency keys: nothing is
// lost, and nothing is there twice. It may be used from any goroutine.
type Publisher struct {
	ingest  webhooksv1.EventIngestClient
	giveUp  time.Duration
	backlog *backlog
	// One for each event without a result.
	places chan struct{}
	ctx    context.Context
	cancel context.CancelFunc

	closing   chan struct{}
	closeOnce sync.Once
	// Closed when nothing is sent any more.
	ended chan struct{}
	// Makes of handing in, and of refusing what comes after Close, one step.
	entry sync.Mutex
}

// PublisherOption is a setting of [Client.NewPublisher].
type PublisherOption func(*Publisher) error

// WithMaxOutstanding sets how many events may wait for their result, 1-256. Default: 256.
func WithMaxOutstanding(events int) PublisherOption {
	return func(p *Publisher) error {
		if events < 1 || events > outstandingMax {
			return fmt.Errorf("webhooks: %d outstanding events are not 1-%d", events, outstandingMax)
		}
		p.places = make(chan struct{}, events)
		return nil
	}
}

// WithGiveUpAfter sets for how long there may be no result, although events wait for one, before the
// publisher fails them all; more than 0. Default: 2 minutes.
func WithGiveUpAfter(wait time.Duration) PublisherOption {
	return func(p *Publisher) error {
		if wait <= 0 {
			return fmt.Errorf("webhooks: to give up after %v is not after more than 0", wait)
		}
		p.giveUp = wait
		return nil
	}
}

// NewPublisher makes a publisher; nothing is connected before its first event. It ends with
// [Publisher.Close]; where ctx ends before, what has no result fails.
func (c *Client) NewPublisher(ctx context.Context, options ...PublisherOption) (*Publisher, error) {
	publisher := &Publisher{
		ingest: c.EventIngest, giveUp: giveUpDefault, backlog: newBacklog(),
		places:  make(chan struct{}, outstandingMax),
		closing: make(chan struct{}), ended: make(chan struct{}),
	}
	for _, option := range options {
		if err := option(publisher); err != nil {
			return nil, err
		}
	}
	publisher.ctx, publisher.cancel = context.WithCancel(ctx)
	go publisher.run()
	go publisher.guard()
	return publisher, nil
}

// Publish hands in an event, and waits while as many as may be are outstanding. Events are stored in the
// order in which they are handed in. The request gets a key as in [Client.Publish], and is not to be
// changed before there is a result.
//
// Errors: [ErrPublisherClosed], the status of ctx where it ended first, and what the publisher gave up
// with. The event was then not published.
func (p *Publisher) Publish(ctx context.Context, request *webhooksv1.PublishEventRequest) (*Pending, error) {
	pending := &Pending{request: keyed(request), done: make(chan struct{})}
	// What cannot be sent would end the stream, and the next one again.
	if _, err := proto.Marshal(pending.request); err != nil {
		return nil, status.Errorf(codes.Internal, "the request cannot be sent: %v", err)
	}
	select {
	case p.places <- struct{}{}:
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	case <-p.closing:
		return nil, ErrPublisherClosed
	case <-p.ended:
		return nil, cmp.Or(p.backlog.failure(), ErrPublisherClosed)
	}
	p.entry.Lock()
	defer p.entry.Unlock()
	select {
	case <-p.closing:
		<-p.places
		return nil, ErrPublisherClosed
	default:
	}
	if err := p.backlog.add(pending, time.Now()); err != nil {
		<-p.places
		return nil, err
	}
	return pending, nil
}

// Flush waits until every event that was handed in has its result. Errors: the status of ctx where it
// ended first, and what the publisher gave up with; what came of single events is in their results.
func (p *Publisher) Flush(ctx context.Context) error {
	if last := p.backlog.last(); last != nil {
		select {
		// Results come in order: it is the last.
		case <-last.Done():
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
	}
	return p.backlog.failure()
}

// Close waits until every event has its result, and ends the stream. It takes no longer than the publisher
// goes on without a result; cancel the context of NewPublisher to end it at once. The error is what the
// publisher gave up with. A second Close does the same.
func (p *Publisher) Close() error {
	p.closeOnce.Do(func() {
		p.entry.Lock()
		close(p.closing)
		p.entry.Unlock()
	})
	<-p.ended
	return p.backlog.failure()
}
