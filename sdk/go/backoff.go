package webhooks

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	backoffFirst = 100 * time.Millisecond
	// A service that comes back is found within this.
	backoffLongest = 10 * time.Second
)

// backoff says how long to wait before a stream is opened again: full jitter, so that not all clients
// come back at once.
type backoff struct {
	failures int
	// A number in [0, n).
	random func(n int64) int64
}

func newBackoff() backoff { return backoff{random: rand.Int64N} }

// next is the wait before the next try: what the service asked for, if it did.
func (b *backoff) next(asked time.Duration) time.Duration {
	longest := backoffLongest
	// More doublings than these are beyond the longest anyway.
	if b.failures < 7 {
		longest = min(longest, backoffFirst<<b.failures)
		b.failures++
	}
	if asked > 0 {
		return asked
	}
	return time.Duration(b.random(int64(longest) + 1))
}

func (b *backoff) reset() { b.failures = 0 }

// pause waits, and says whether the context went on.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
