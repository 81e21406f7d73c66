package receiver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// judgeStandard goes by the Standard Webhooks scheme: the id and the time are signed with the body.
func judgeStandard(body []byte, signed signatureHeaders, keys []secretKeys) *Error {
	given := make([]string, 0, 2)
	for each := range strings.SplitSeq(*signed.signature, " ") {
		// Other versions are for receivers of other times.
		if encoded, isKnown := strings.CutPrefix(each, "v1,"); isKnown {
			given = append(given, encoded)
		}
	}
	expected := make([]string, len(keys))
	for i, key := range keys {
		mac := hmac.New(sha256.New, key.standard)
		mac.Write([]byte(*signed.id + "." + *signed.timestamp + "."))
		mac.Write(body)
		expected[i] = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	if anyMatch(given, expected) {
		return nil
	}
	return mismatch(headerSignature)
}

// judgeBookora goes by the signature of the body alone.
func judgeBookora(body []byte, signed signatureHeaders, keys []secretKeys) *Error {
	var given []string
	for _, signature := range []*string{signed.bookora, signed.previous} {
		if signature != nil {
			given = append(given, *signature)
		}
	}
	if len(given) == 0 {
		return missing(headerBookora)
	}
	expected := make([]string, len(keys))
	for i, key := range keys {
		mac := hmac.New(sha256.New, key.bookora)
		mac.Write(body)
		expected[i] = hex.EncodeToString(mac.Sum(nil))
	}
	if anyMatch(given, expected) {
		return nil
	}
	return mismatch(headerBookora)
}

// anyMatch compares every pair, so that how long it takes does not tell which one matched.
func anyMatch(given, expected []string) bool {
	matched := false
	for _, one := range given {
		for _, other := range expected {
			if hmac.Equal([]byte(one), []byte(other)) {
				matched = true
			}
		}
	}
	return matched
}

func mismatch(header string) *Error {
	return &Error{Code: NoMatchingSignature, Header: header,
		message: header + " was not made with one of the secrets over this body. Is the body what came, " +
			"byte for byte, and is the secret that of this endpoint?"}
}
