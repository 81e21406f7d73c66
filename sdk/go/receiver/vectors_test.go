package receiver_test

import (
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/bookora/webhooks/sdk/go/receiver"
)

// oneOrMore is a header's value, or several.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(o))
}

type vectors struct {
	Signing []struct {
		Name      string
		Secrets   []string
		ID, Body  string
		Timestamp int64
		Headers   map[string]string
	}
	Verifying []struct {
		Name, Body       string
		Headers          map[string]oneOrMore
		Secrets          []string
		ToleranceSeconds *int64 `json:"tolerance_seconds"`
		Now              int64
		Outcome, Header  string
	}
	Bodies    []struct{ Name, ID, Body string }
	Malformed []struct{ Name, Body, Field string }
}

func readVectors(t testing.TB) vectors {
	text, err := os.ReadFile("../../../tests/vectors/webhooks.json")
	if err != nil {
		t.Fatal(err)
	}
	var read vectors
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Signing) == 0 || len(read.Verifying) == 0 || len(read.Bodies) == 0 || len(read.Malformed) == 0 {
		t.Fatal("a kind of vector has none")
	}
	return read
}

func at(seconds int64) receiver.Option {
	return receiver.WithClock(func() time.Time { return time.Unix(seconds, 0) })
}

// outcome is what a vector calls an error.
func outcome(t *testing.T, err error) (code, header string) {
	var refused *receiver.Error
	var mistake *receiver.SecretError
	switch {
	case err == nil:
		return "OK", ""
	case errors.As(err, &refused):
		return string(refused.Code), refused.Header
	case errors.As(err, &mistake):
		return "INVALID_SECRET", ""
	}
	t.Fatalf("an error of another kind: %v", err)
	return "", ""
}

func TestWhatTheServiceSignsVerifiesWithEachSecretAndWithAll(t *testing.T) {
	for _, vector := range readVectors(t).Signing {
		t.Run(vector.Name, func(t *testing.T) {
			headers := map[string][]string{}
			for name, value := range vector.Headers {
				headers[name] = []string{value}
			}
			held := [][]string{vector.Secrets}
			for _, secret := range vector.Secrets {
				held = append(held, []string{secret})
			}
			for _, secrets := range held {
				event, err := receiver.Verify([]byte(vector.Body), headers, secrets, at(vector.Timestamp))
				if err != nil {
					t.Fatal(err)
				}
				if string(event.Raw) != vector.Body {
					t.Error("the raw body is another")
				}
			}
		})
	}
}

func TestVerifyingHasTheOutcomeOfEveryVector(t *testing.T) {
	for _, vector := range readVectors(t).Verifying {
		t.Run(vector.Name, func(t *testing.T) {
			headers := map[string][]string{}
			for name, values := range vector.Headers {
				headers[name] = values
			}
			age := receiver.WithoutTolerance()
			if vector.ToleranceSeconds != nil {
				age = receiver.WithTolerance(time.Duration(*vector.ToleranceSeconds) * time.Second)
			}
			_, err := receiver.Verify([]byte(vector.Body), headers, vector.Secrets, age, at(vector.Now))
			if code, header := outcome(t, err); code != vector.Outcome || header != vector.Header {
				t.Errorf("got %s %q, want %s %q: %v", code, header, vector.Outcome, vector.Header, err)
			}
		})
	}
}

func TestEveryMalformedBodyIsRefusedByItsField(t *testing.T) {
	for _, vector := range readVectors(t).Malformed {
		t.Run(vector.Name, func(t *testing.T) {
			_, err := receiver.Parse([]byte(vector.Body))
			var refused *receiver.Error
			if !errors.As(err, &refused) || refused.Code != receiver.MalformedBody || refused.Field != vector.Field {
				t.Errorf("want MALFORMED_BODY of %q, got %v", vector.Field, err)
			}
		})
	}
}

func TestTheFieldsOfEveryBodyAreThoseOfItsData(t *testing.T) {
	for _, vector := range readVectors(t).Bodies {
		t.Run(vector.Name, func(t *testing.T) {
			event, err := receiver.Parse([]byte(vector.Body))
			if err != nil {
				t.Fatal(err)
			}
			var body struct {
				Event, ID string
				CreatedAt string `json:"created_at"`
				Data      map[string]any
			}
			if err := json.Unmarshal([]byte(vector.Body), &body); err != nil {
				t.Fatal(err)
			}
			if event.ID != vector.ID || event.Type != body.Event || !sameTime(event.CreatedAt, body.CreatedAt) {
				t.Errorf("the event is %s %s %s", event.ID, event.Type, event.CreatedAt)
			}
			compareFields(t, event.Data, body.Data)
		})
	}
}
