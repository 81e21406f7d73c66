package receiver

import (
	"fmt"
	"io"
	"net/http"
)

// BodyBytesMax is the longest body that [VerifyRequest] reads: Bookora's 256 KiB, and room for a service
// that allows a little more.
const BodyBytesMax = (256 + 16) << 10

// VerifyRequest reads the body of a request to its end, at most [BodyBytesMax] of it, and verifies it as
// [Verify] does. The body is then read: what else the handler needs is in [Event.Raw].
//
// [StatusOf] says what to answer to its errors.
func VerifyRequest(request *http.Request, secrets []string, options ...Option) (*Event, error) {
	body, err := io.ReadAll(io.LimitReader(request.Body, BodyBytesMax+1))
	if len(body) > BodyBytesMax {
		return nil, &Error{Code: BodyTooLarge,
			message: fmt.Sprintf("the body is longer than %d bytes", BodyBytesMax)}
	}
	if err != nil {
		return nil, &Error{Code: UnreadableBody, message: "the body could not be read: " + err.Error(), cause: err}
	}
	return Verify(body, request.Header, secrets, options...)
}
