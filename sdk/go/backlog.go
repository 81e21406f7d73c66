package webhooks

import (
	"sync"
	"time"

	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

// backlog has the events of a publisher that have no result, in their order. The publisher's places
// bound it.
type backlog struct {
	// Has something when there may be something to send, or nothing is left; one is enough to wake the
	// sender.
	wake chan struct{}

	mutex    sync.Mutex
	pendings []*Pending
	// How many of them were sent over the stream that is open.
	sent int
	// When a result came last, or the first of what waits was handed in.
	progress time.Time
	// What ended the last stream, for people to read.
	broken error
	// Set once; nothing is added then.
	failed error
}

func newBacklog() *backlog { return &backlog{wake: make(chan struct{}, 1)} }

func (b *backlog) add(pending *Pending, now time.Time) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.failed != nil {
		return b.failed
	}
	if len(b.pendings) == 0 {
		b.progress = now
	}
	b.pendings = append(b.pendings, pending)
	b.signal()
	return nil
}

func (b *backlog) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// nextToSend is nil where all are sent.
func (b *backlog) nextToSend() *Pending {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.sent == len(b.pendings) {
		return nil
	}
	b.sent++
	return b.pendings[b.sent-1]
}

// sendAgain is for a stream that broke: what has no result is sent once more over the next.
func (b *backlog) sendAgain(broken error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.sent, b.broken = 0, broken
}

// settleFirst takes a result; false where it belongs to nothing that was sent.
func (b *backlog) settleFirst(result *webhooksv1.PublishEventResult, now time.Time) bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.sent == 0 {
		return false
	}
	first := b.pendings[0]
	b.pendings[0] = nil
	b.pendings = b.pendings[1:]
	b.sent--
	b.progress, b.broken = now, nil
	first.settle(ResultOf(result))
	if len(b.pendings) == 0 {
		b.signal()
	}
	return true
}

// last is nil where nothing is outstanding.
func (b *backlog) last() *Pending {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if len(b.pendings) == 0 {
		return nil
	}
	return b.pendings[len(b.pendings)-1]
}

// stuckSince is when the last result came, and what broke the stream since, if anything did; false where
// nothing waits for a result.
func (b *backlog) stuckSince() (progress time.Time, broken error, isWaiting bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.progress, b.broken, len(b.pendings) > 0
}

// fail gives everything that has no result this error, and refuses what comes.
func (b *backlog) fail(err error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.failed != nil {
		return
	}
	b.failed = err
	for _, pending := range b.pendings {
		pending.settle(nil, err)
	}
	b.pendings, b.sent = nil, 0
}

func (b *backlog) failure() error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.failed
}
