package receiver_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/bookora/webhooks/sdk/go/receiver"
)

const secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

// FuzzVerify: whatever comes, the outcome is an event or a documented error, which shows no secret.
func FuzzVerify(f *testing.F) {
	for _, vector := range readVectors(f).Verifying {
		value := func(name string) string { return strings.Join(vector.Headers[name], "") }
		f.Add([]byte(vector.Body), value("webhook-id"), value("webhook-timestamp"), value("webhook-signature"),
			value("x-bookora-signature"), strings.Join(vector.Secrets, "\n"), byte(len(vector.Headers)), vector.Now)
	}
	f.Add([]byte("{"), "\x00", strings.Repeat("9", 4096), strings.Repeat("v1, ", 4096), "\xff", "whsec_\xff", byte(255), int64(-1))
	f.Fuzz(func(t *testing.T, body []byte, id, timestamp, signature, bookora, secrets string, present byte, now int64) {
		headers := map[string][]string{"K": {id}, "": {signature}, "webhook-ID": nil}
		for i, header := range []struct{ name, value string }{
			{"Webhook-Id", id}, {"webhook-timestamp", timestamp}, {"WEBHOOK-SIGNATURE", signature},
			{"x-bookora-signature", bookora}, {"X-Bookora-Signature-Previous", bookora},
		} {
			if present&(1<<i) != 0 {
				headers[header.name] = []string{header.value}
			}
		}
		for _, options := range [][]receiver.Option{{at(now)}, {at(now), receiver.WithoutTolerance()}} {
			event, err := receiver.Verify(body, headers, strings.Split(secrets, "\n"), options...)
			if code, _ := outcome(t, err); (code == "OK") != (event != nil) {
				t.Errorf("%s comes with %v", code, event)
			}
			if err != nil && len(secrets) > 20 && strings.Contains(err.Error(), secrets) {
				t.Errorf("the error shows a secret: %v", err)
			}
		}
	})
}

func TestHeadersOfOneNameInDifferentCasesAreTwice(t *testing.T) {
	headers := http.Header{"Webhook-Id": {"a"}, "webhook-id": {"b"}}
	_, err := receiver.Verify(nil, headers, []string{secret})
	if code, header := outcome(t, err); code != "INVALID_HEADER" || header != "webhook-id" {
		t.Errorf("got %v", err)
	}
}

func TestARequestIsReadAndAnsweredByItsError(t *testing.T) {
	vector := readVectors(t).Signing[0]
	good := func() *http.Request {
		request := httptest.NewRequest(http.MethodPost, "/hooks", strings.NewReader(vector.Body))
		for name, value := range vector.Headers {
			request.Header.Set(name, value)
		}
		return request
	}
	if event, err := receiver.VerifyRequest(good(), vector.Secrets, at(vector.Timestamp)); err != nil || event.Type != "no_show.detected" {
		t.Fatalf("got %v, %v", event, err)
	}
	forged, large, cut, exact := good(), good(), good(), good()
	forged.Body = io.NopCloser(strings.NewReader(vector.Body + " "))
	large.Body = io.NopCloser(bytes.NewReader(make([]byte, receiver.BodyBytesMax+1)))
	exact.Body = io.NopCloser(bytes.NewReader(make([]byte, receiver.BodyBytesMax)))
	broken := errors.New("cut")
	cut.Body = io.NopCloser(iotest.ErrReader(broken))
	for _, each := range []struct {
		request *http.Request
		secrets []string
		code    string
		status  int
	}{
		{forged, vector.Secrets, "NO_MATCHING_SIGNATURE", 401}, {exact, vector.Secrets, "NO_MATCHING_SIGNATURE", 401},
		{large, vector.Secrets, "BODY_TOO_LARGE", 413}, {cut, vector.Secrets, "UNREADABLE_BODY", 400},
		{good(), nil, "INVALID_SECRET", 500},
	} {
		_, err := receiver.VerifyRequest(each.request, each.secrets, at(vector.Timestamp))
		if code, _ := outcome(t, err); code != each.code || receiver.StatusOf(err) != each.status {
			t.Errorf("want %s %d, got %d: %v", each.code, each.status, receiver.StatusOf(err), err)
		}
		if each.code == "UNREADABLE_BODY" && !errors.Is(err, broken) {
			t.Error("the error of the connection is lost")
		}
	}
	if _, err := receiver.Parse([]byte("[]")); receiver.StatusOf(err) != 400 {
		t.Errorf("a malformed body is answered %d", receiver.StatusOf(err))
	}
}

func TestASecretThatWasChangedOnItsWayIsAMistakeAndIsNotShown(t *testing.T) {
	for _, changed := range []string{secret + "\n", secret[:20] + "\r\n" + secret[20:], strings.Replace(secret, "h8=", "h9=", 1)} {
		_, err := receiver.Verify(nil, nil, []string{changed})
		if code, _ := outcome(t, err); code != "INVALID_SECRET" || strings.Contains(err.Error(), "AAECAw") {
			t.Errorf("%q: %v", changed, err)
		}
	}
}
