package webhooks

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

type publishStream = grpc.BidiStreamingClient[
	webhooksv1.StreamPublishEventsRequest, webhooksv1.StreamPublishEventsResponse]

// For a service that has answered all to end the stream too; then it is cut.
const closeWait = 5 * time.Second

// run opens one stream after the other, as long as there is something to send.
func (p *Publisher) run() {
	defer close(p.ended)
	defer p.cancel()
	waits := newBackoff()
	for p.awaitWork() {
		worked, err := p.publishOver()
		p.backlog.sendAgain(err)
		if p.ctx.Err() != nil {
			break
		}
		// Where all is answered, the next event finds out whether it goes on.
		if p.backlog.last() != nil && !isResumable(err, worked) {
			p.backlog.fail(err)
			return
		}
		if worked {
			waits.reset()
		}
		// Whoever waits for nothing need not wait: the next event does, if it comes.
		if p.backlog.last() != nil {
			pause(p.ctx, waits.next(DetailsOf(err).RetryDelay))
		}
	}
	if err := p.ctx.Err(); err != nil {
		p.backlog.fail(status.FromContextError(err).Err())
	}
}

// awaitWork says whether something is outstanding; it is not where the publisher ends first.
func (p *Publisher) awaitWork() bool {
	for p.ctx.Err() == nil {
		if p.backlog.last() != nil {
			return true
		}
		select {
		case <-p.backlog.wake:
		case <-p.closing:
			// What was handed in before is still to be sent.
			return p.backlog.last() != nil
		case <-p.ctx.Done():
		}
	}
	return false
}

// publishOver opens a stream, sends what is outstanding and what comes, and returns what ended the stream;
// worked says whether a result came over it.
func (p *Publisher) publishOver() (worked bool, err error) {
	ctx, end := context.WithCancel(p.ctx)
	defer end()
	stream, err := p.ingest.StreamPublishEvents(ctx)
	if err != nil {
		return false, err
	}
	ended := make(chan error, 1)
	results := 0
	go func() {
		err := p.receive(stream, &results)
		// Wakes a Send that the service does not read.
		end()
		ended <- err
	}()
	if p.send(stream, ended) {
		defer time.AfterFunc(closeWait, end).Stop()
	}
	err = <-ended
	return results > 0, err
}

// send returns when the stream has ended, the reason of which is with the receiving side, or when it has
// said that nothing more comes.
func (p *Publisher) send(stream publishStream, ended chan error) (saidAll bool) {
	closing := p.closing
	for {
		for pending := p.backlog.nextToSend(); pending != nil; pending = p.backlog.nextToSend() {
			message := &webhooksv1.StreamPublishEventsRequest{Request: pending.request}
			if err := stream.Send(message); err != nil {
				return false
			}
		}
		if closing == nil && p.backlog.last() == nil {
			// Its error is that of the receiving side.
			_ = stream.CloseSend()
			return true
		}
		select {
		case <-p.backlog.wake:
		case <-closing:
			closing = nil
		case err := <-ended:
			ended <- err
			return false
		}
	}
}

// receive takes results until the stream ends.
func (p *Publisher) receive(stream publishStream, results *int) error {
	for {
		message, err := stream.Recv()
		if err != nil {
			return err
		}
		if !p.backlog.settleFirst(message.GetResult(), time.Now()) {
			return status.Error(codes.FailedPrecondition, "the service sent a result that nothing waits for")
		}
		*results++
		<-p.places
	}
}

// guard fails everything where nothing has come for too long.
func (p *Publisher) guard() {
	wait := p.giveUp
	for pause(p.ctx, wait) {
		progress, broken, isWaiting := p.backlog.stuckSince()
		if !isWaiting {
			wait = p.giveUp
			continue
		}
		if wait = p.giveUp - time.Since(progress); wait > 0 {
			continue
		}
		why := "the service does not answer"
		if broken != nil && !errors.Is(broken, io.EOF) {
			why = "the last stream ended with " + broken.Error()
		}
		p.backlog.fail(status.Errorf(codes.Unavailable, "no result for %v: %s", p.giveUp, why))
		p.cancel()
	}
}
