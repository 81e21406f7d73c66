package webhooks

import (
	"context"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding/gzip"
)

// deadlines gives a deadline to every unary call that has none.
type deadlines struct {
	// By full name of a method, or of a service with a slash behind.
	published map[string]time.Duration
	// In place of the published one where it is not 0.
	chosen time.Duration
}

// Longer than the one for all others: it is made longer, never shorter, by the caller's choice.
const testEndpoint = "/bookora.webhooks.v1.EndpointAdmin/TestEndpoint"

// Of a method that the published config has nothing about, such as one of another service.
const timeoutDefault = 30 * time.Second

func (d deadlines) of(method string) time.Duration {
	timeout, isPublished := d.published[method]
	if !isPublished {
		timeout, isPublished = d.published[method[:strings.LastIndex(method, "/")+1]]
	}
	if !isPublished {
		timeout = timeoutDefault
	}
	switch {
	case d.chosen == 0:
		return timeout
	case method == testEndpoint:
		return max(timeout, d.chosen)
	default:
		return d.chosen
	}
}

// intercept also compresses requests, unless the caller chose something else. Streams are left as they
// are: their messages are small, and come one by one.
func (d deadlines) intercept(
	ctx context.Context, method string, request, response any, connection *grpc.ClientConn,
	invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	if _, has := ctx.Deadline(); !has {
		limited, cancel := context.WithTimeout(ctx, d.of(method))
		defer cancel()
		ctx = limited
	}
	options = append([]grpc.CallOption{grpc.UseCompressor(gzip.Name)}, options...)
	return invoke(ctx, method, request, response, connection, options...)
}
