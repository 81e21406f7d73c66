// Package receiver verifies the webhooks that Bookora sends, and reads their events. It imports the
// standard library alone.
//
// A receiver verifies, answers 2xx within 5 seconds, remembers the event's id so as to drop what comes
// a second time, and does its work afterwards:
//
//	event, err := receiver.VerifyRequest(request, secrets)
//	if err != nil {
//		http.Error(writer, err.Error(), receiver.StatusOf(err))
//		return
//	}
//	switch data := event.Data.(type) {
//	case *receiver.BookingCreated:
//		fmt.Println(data.CustomerName, data.StartTime)
//	}
//
// A request that does not verify is an [*Error]; a mistake in the receiver's own secrets is a
// [*SecretError]. Neither has a secret or an expected signature in its text, so that both may be
// logged and shown.
package receiver
