package receiver

import (
	"errors"
	"net/http"
)

// Code says why a request is not taken as Bookora's.
type Code string

const (
	// MissingHeader: a header that is needed is not there; [Error.Header] names it.
	MissingHeader Code = "MISSING_HEADER"
	// InvalidHeader: a header cannot be read, or came twice; [Error.Header] names it.
	InvalidHeader Code = "INVALID_HEADER"
	// TimestampOutOfTolerance: the request was signed too long ago, or ahead of the clock: somebody
	// sends a recorded request again, or one of the two clocks is wrong.
	TimestampOutOfTolerance Code = "TIMESTAMP_OUT_OF_TOLERANCE"
	// NoMatchingSignature: none of the signatures was made with one of the secrets over this body.
	NoMatchingSignature Code = "NO_MATCHING_SIGNATURE"
	// MalformedBody: the body is not an event; [Error.Field] names what is wrong. From [Verify] it
	// means that the signature holds.
	MalformedBody Code = "MALFORMED_BODY"
	// BodyTooLarge: the body is longer than [BodyBytesMax]; from [VerifyRequest] alone.
	BodyTooLarge Code = "BODY_TOO_LARGE"
	// UnreadableBody: the body could not be read to its end; from [VerifyRequest] alone.
	UnreadableBody Code = "UNREADABLE_BODY"
)

// Error is why a request is not taken as an event of Bookora.
type Error struct {
	Code Code
	// Header is the name, in lowercase, of the header that the error is about; empty where it is about
	// none.
	Header string
	// Field is the path in a malformed body, such as data.price; empty where it is about the whole.
	Field string

	message string
	cause   error
}

// Error says what is wrong in words for a developer, without any secret.
func (e *Error) Error() string { return "webhook: " + e.message }

// Unwrap is the error of the connection for [UnreadableBody].
func (e *Error) Unwrap() error { return e.cause }

// SecretError is a mistake of the receiver's own: it has no secret, or one that is not as Bookora shows
// it. No request can be verified until that is mended.
type SecretError struct{ message string }

// Error says what is wrong with which of the secrets, without its text.
func (e *SecretError) Error() string { return "webhook secrets: " + e.message }

// StatusOf is the HTTP status to answer an error of this package with: 401 for a request that does not
// verify, which makes Bookora swap the signatures while a secret is being replaced; 413 for a body that
// is too large; 400 for one that is no event or was cut; 500 for a [SecretError] and for errors of others.
func StatusOf(err error) int {
	var refused *Error
	if !errors.As(err, &refused) {
		return http.StatusInternalServerError
	}
	switch refused.Code {
	case MalformedBody, UnreadableBody:
		return http.StatusBadRequest
	case BodyTooLarge:
		return http.StatusRequestEntityTooLarge
	default:
		return http.StatusUnauthorized
	}
}
