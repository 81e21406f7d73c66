package receiver

// The headers that a signature is made of, as they are named in errors.
const (
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"
	headerBookora   = "x-bookora-signature"
	headerPrevious  = "x-bookora-signature-previous"
)

// signatureHeaders has nil for what is not there.
type signatureHeaders struct {
	id, timestamp, signature, bookora, previous *string
}

// readHeaders refuses a header that came twice: which of the two was meant nobody knows.
func readHeaders(headers map[string][]string) (signatureHeaders, *Error) {
	var read signatureHeaders
	places := []struct {
		name  string
		value **string
	}{
		{headerID, &read.id}, {headerTimestamp, &read.timestamp}, {headerSignature, &read.signature},
		{headerBookora, &read.bookora}, {headerPrevious, &read.previous},
	}
	for _, place := range places {
		for name, values := range headers {
			if len(values) == 0 || !isHeader(name, place.name) {
				continue
			}
			if len(values) > 1 || *place.value != nil {
				return read, &Error{Code: InvalidHeader, Header: place.name,
					message: "the header " + place.name + " came more than once"}
			}
			*place.value = &values[0]
		}
	}
	return read, nil
}

// isHeader compares in any case of ASCII's letters: strings.EqualFold would take others for them too.
func isHeader(name, lowercase string) bool {
	if len(name) != len(lowercase) {
		return false
	}
	for i := range len(name) {
		letter := name[i]
		if 'A' <= letter && letter <= 'Z' {
			letter += 'a' - 'A'
		}
		if letter != lowercase[i] {
			return false
		}
	}
	return true
}
