package receiver_test

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/bookora/webhooks/sdk/go/receiver"
)

func ExampleVerify() {
	body := `{"event":"booking.created","id":"evt_01m86nb6b8fnbaaqb07tc5deyz",` +
		`"created_at":"2026-11-24T11:34:03.368297991Z","data":{"booking_id":"bkg_1","customer_id":"cus_1",` +
		`"customer_name":"Zoë Baker","service":"Massage","start_time":"2026-12-01T09:00:00Z",` +
		`"end_time":"2026-12-01T10:00:00Z","price":150}}`
	headers := map[string][]string{
		"webhook-id":        {"evt_01m86nb6b8fnbaaqb07tc5deyz"},
		"webhook-timestamp": {"1795520043"},
		"webhook-signature": {"v1,WEb7ELfpgDFvMzLF0ehOwOR77aNx4YPUqgloQKY1ces="},
	}
	secrets := []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
	then := receiver.WithClock(func() time.Time { return time.Unix(1795520045, 0) })

	event, err := receiver.Verify([]byte(body), headers, secrets, then)
	if err != nil {
		fmt.Println(err)
		return
	}
	switch data := event.Data.(type) {
	case *receiver.BookingCreated:
		fmt.Println(event.Type, data.CustomerName, data.Price)
	}
	// Output: booking.created Zoë Baker 150
}

func ExampleVerify_refused() {
	_, err := receiver.Verify([]byte("{}"), nil, []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
	var refused *receiver.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Code, refused.Header, receiver.StatusOf(err))
	}
	// Output: MISSING_HEADER webhook-signature 401
}

func ExampleVerifyRequest() {
	secrets := []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
	http.HandleFunc("POST /hooks", func(writer http.ResponseWriter, request *http.Request) {
		event, err := receiver.VerifyRequest(request, secrets)
		if err != nil {
			http.Error(writer, err.Error(), receiver.StatusOf(err))
			return
		}
		fmt.Println(event.Type, event.ID)
		writer.WriteHeader(http.StatusNoContent)
	})
}
