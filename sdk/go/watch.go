package webhooks

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

// Watch follows deliveries over any number of streams: it opens another after every disconnect, where the
// one before ended. [Watch.Close] and [Watch.ResumeToken] may be called from any goroutine, the rest from
// one at a time.
type Watch struct {
	query   webhooksv1.DeliveryQueryClient
	request *webhooksv1.WatchDeliveriesRequest
	ctx     context.Context
	cancel  context.CancelFunc

	seen    *revisions
	backoff backoff
	stream  grpc.ServerStreamingClient[webhooksv1.WatchDeliveriesResponse]
	// Of the stream that is open.
	endStream context.CancelFunc
	worked    bool
	// What ended the watch.
	ended error

	mutex    sync.Mutex
	isClosed bool
	// The token of what was dealt with, and of what was handed out last.
	token, handedOut string
}

// Watch begins to watch: the request says what, from which token, and whether with a snapshot. It ends
// with ctx, which should have no deadline, or with [Watch.Close].
func (c *Client) Watch(ctx context.Context, request *webhooksv1.WatchDeliveriesRequest) *Watch {
	if request == nil {
		request = &webhooksv1.WatchDeliveriesRequest{}
	}
	ctx, cancel := context.WithCancel(ctx)
	return &Watch{
		query: c.DeliveryQuery, request: proto.CloneOf(request), ctx: ctx, cancel: cancel,
		seen: newRevisions(revisionsMax), backoff: newBackoff(), token: request.GetResumeToken(),
	}
}

// All is an iterator over the messages that tell something: each update, once, and snapshot_complete
// after a snapshot. It waits for the next one, and ends when the watch is closed; what a new stream does
// not mend, such as a resume token that has expired, is its last pair.
//
//	for message, err := range watch.All() {
//		if err != nil {
//			return err
//		}
//		fmt.Println(message.GetUpdate().GetDelivery().GetState())
//	}
func (w *Watch) All() iter.Seq2[*webhooksv1.WatchDeliveriesResponse, error] {
	return func(yield func(*webhooksv1.WatchDeliveriesResponse, error) bool) {
		for {
			message, err := w.Next()
			if errors.Is(err, io.EOF) || !yield(message, err) || err != nil {
				return
			}
		}
	}
}

// Next waits for the next message, as [Watch.All] does. Asking for it says that the one before was dealt
// with. After [Watch.Close] the error is [io.EOF], after the context's end its status.
func (w *Watch) Next() (*webhooksv1.WatchDeliveriesResponse, error) {
	w.count(w.handedOut)
	for w.ended == nil {
		message, err := w.receive()
		if err != nil {
			w.mend(err)
			continue
		}
		w.backoff.reset()
		if w.tells(message) {
			w.handedOut = message.GetResumeToken()
			return message, nil
		}
		// There is nothing to deal with: it counts at once.
		w.count(message.GetResumeToken())
	}
	w.Close()
	return nil, w.ended
}

// ResumeToken is the token of the last message that was dealt with: whose next one was asked for. Store
// it, and give it to a later watch, which then goes on from there. Empty before there is one.
func (w *Watch) ResumeToken() string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.token
}

// Close ends the watch at once, also while another goroutine waits for a message.
func (w *Watch) Close() {
	w.mutex.Lock()
	w.isClosed = true
	w.mutex.Unlock()
	w.cancel()
}

func (w *Watch) count(token string) {
	// A snapshot's messages have none: a watch that is cut there begins anew.
	if token != "" {
		w.mutex.Lock()
		w.token = token
		w.mutex.Unlock()
	}
}

func (w *Watch) receive() (*webhooksv1.WatchDeliveriesResponse, error) {
	if w.stream == nil {
		w.worked = false
		ctx, end := context.WithCancel(w.ctx)
		w.request.ResumeToken = w.ResumeToken()
		stream, err := w.query.WatchDeliveries(ctx, w.request)
		if err != nil {
			end()
			return nil, err
		}
		w.stream, w.endStream = stream, end
	}
	message, err := w.stream.Recv()
	if err != nil {
		w.endStream()
		w.stream = nil
		return nil, err
	}
	w.worked = true
	return message, nil
}

// mend waits until a stream may be opened again, or keeps what ended the watch.
func (w *Watch) mend(err error) {
	if w.ctx.Err() == nil && isResumable(err, w.worked) && pause(w.ctx, w.backoff.next(DetailsOf(err).RetryDelay)) {
		return
	}
	w.mutex.Lock()
	isClosed := w.isClosed
	w.mutex.Unlock()
	switch {
	case isClosed:
		w.ended = io.EOF
	case w.ctx.Err() != nil:
		w.ended = status.FromContextError(w.ctx.Err()).Err()
	default:
		w.ended = err
	}
}

func (w *Watch) tells(message *webhooksv1.WatchDeliveriesResponse) bool {
	if update := message.GetUpdate(); update != nil {
		return w.seen.isNew(update.GetDelivery())
	}
	return message.GetSnapshotComplete() != nil
}
