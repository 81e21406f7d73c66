package receiver

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// DefaultTolerance is how far a request's time may be from the clock, either way.
const DefaultTolerance = 5 * time.Minute

// More digits are no seconds: twelve reach for 30,000 years, milliseconds have thirteen.
const timestampDigitsMax = 12

type settings struct {
	// Negative where the time is not compared.
	tolerance time.Duration
	now       func() time.Time
}

// Option changes how [Verify] and [VerifyRequest] judge a request's age.
type Option func(*settings)

// WithTolerance sets how far a request's time may be from the clock, either way: 0 or more, compared to
// the second. Default: [DefaultTolerance].
func WithTolerance(tolerance time.Duration) Option {
	return func(s *settings) { s.tolerance = max(tolerance, 0) }
}

// WithoutTolerance takes requests of any age, and those that have an X-Bookora-Signature alone.
// Whoever recorded a request can then send it again: it is for stored requests, and for receivers that
// remember every event's id.
func WithoutTolerance() Option { return func(s *settings) { s.tolerance = -1 } }

// WithClock sets the clock. Default: [time.Now].
func WithClock(now func() time.Time) Option { return func(s *settings) { s.now = now } }

// Verify says whether a request was signed with one of the secrets, and reads its event.
//
// body is what came, byte for byte: not parsed and written again. headers may have their names in any
// case; an [http.Header] is one. secrets are the texts that Bookora showed: one, or during a rotation
// both.
//
// Where there is a webhook-signature it alone decides, and the request's time must be within the
// tolerance. Errors: [*Error] for a request that does not verify, [*SecretError] for secrets that cannot
// be used.
func Verify(body []byte, headers map[string][]string, secrets []string, options ...Option) (*Event, error) {
	chosen := settings{tolerance: DefaultTolerance, now: time.Now}
	for _, option := range options {
		option(&chosen)
	}
	keys, err := readSecrets(secrets)
	if err != nil {
		return nil, err
	}
	signed, refused := readHeaders(headers)
	if refused == nil {
		refused = chosen.judge(body, signed, keys)
	}
	if refused != nil {
		return nil, refused
	}
	return Parse(body)
}

func (s settings) judge(body []byte, signed signatureHeaders, keys []secretKeys) *Error {
	if signed.signature == nil {
		if s.tolerance >= 0 {
			// Else whoever strips it from a recorded request would get past the check of its age.
			return missing(headerSignature)
		}
		return judgeBookora(body, signed, keys)
	}
	if signed.id == nil {
		return missing(headerID)
	}
	if signed.timestamp == nil {
		return missing(headerTimestamp)
	}
	seconds, readable := readTimestamp(*signed.timestamp)
	if !readable {
		return &Error{Code: InvalidHeader, Header: headerTimestamp,
			message: headerTimestamp + " is not a whole number of seconds since 1970"}
	}
	if refused := s.judgeAge(seconds); refused != nil {
		return refused
	}
	return judgeStandard(body, signed, keys)
}

func (s settings) judgeAge(seconds int64) *Error {
	if s.tolerance < 0 {
		return nil
	}
	ahead := seconds - s.now().Unix()
	tolerance := int64(s.tolerance / time.Second)
	if -tolerance <= ahead && ahead <= tolerance {
		return nil
	}
	where := "ahead of"
	if ahead < 0 {
		where = "behind"
	}
	return &Error{Code: TimestampOutOfTolerance, Header: headerTimestamp,
		message: fmt.Sprintf("%s is %.0f s %s this clock; %d s are tolerated",
			headerTimestamp, math.Abs(float64(ahead)), where, tolerance)}
}

// readTimestamp takes digits only: no sign, space or fraction.
func readTimestamp(text string) (seconds int64, readable bool) {
	if len(text) == 0 || len(text) > timestampDigitsMax {
		return 0, false
	}
	for _, digit := range []byte(text) {
		if digit < '0' || digit > '9' {
			return 0, false
		}
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	return seconds, err == nil
}

func missing(header string) *Error {
	return &Error{Code: MissingHeader, Header: header, message: "the header " + header + " is missing"}
}
