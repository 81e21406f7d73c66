package webhooks

import (
	"errors"
	"io"

	"google.golang.org/grpc/codes"

	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

// isResumable says whether a new stream may mend what ended one. Its context was not cancelled; worked
// says whether a message had come.
func isResumable(err error, worked bool) bool {
	// The end without an error: some proxies end a stream so.
	if errors.Is(err, io.EOF) {
		return true
	}
	details := DetailsOf(err)
	switch details.Code {
	case codes.Unavailable:
		return true
	case codes.ResourceExhausted:
		return details.KnownReason == webhooksv1.ErrorReason_ERROR_REASON_WATCH_TOO_SLOW
	case codes.Canceled, codes.Aborted, codes.Internal, codes.Unknown:
		// A stream that is reset, or ends before its trailers, has one of these. What the service itself
		// says has a reason. A stream that never worked is rather an error that would come again.
		return worked && details.Reason == ""
	default:
		return false
	}
}
