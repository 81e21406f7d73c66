// A receiver of Bookora's webhooks, to be copied. It verifies each request, prints a line for each event,
// and drops what it has had.
//
//	BOOKORA_WEBHOOK_SECRET='whsec_…' PORT=8080 go run .
//
// While a secret is being replaced, BOOKORA_WEBHOOK_SECRET has both, separated by a space. Bookora sends
// to https only: put a server that speaks it before this one.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/bookora/webhooks/sdk/go/receiver"
)

func main() {
	hooks := &hooks{secrets: strings.Fields(os.Getenv("BOOKORA_WEBHOOK_SECRET")), seen: newMemory(10_000)}
	if len(hooks.secrets) == 0 {
		log.Fatal("set BOOKORA_WEBHOOK_SECRET to the endpoint's secret")
	}
	mux := http.NewServeMux()
	mux.Handle("POST /hooks", hooks)
	// Slower than Bookora waits for an answer is too slow.
	server := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second}
	listener, err := net.Listen("tcp", ":"+os.Getenv("PORT"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("receiving at /hooks on port %d\n", listener.Addr().(*net.TCPAddr).Port)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-stop
		server.Close()
	}()
	if err := server.Serve(listener); err != http.ErrServerClosed {
		log.Fatal(err)
	}
}

type hooks struct {
	secrets []string
	seen    *memory
}

func (h *hooks) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	event, err := receiver.VerifyRequest(request, h.secrets)
	if err != nil {
		log.Print(err)
		http.Error(writer, err.Error(), receiver.StatusOf(err))
		return
	}
	// Store the event, answer within 5 seconds, and do the work afterwards.
	if h.seen.isNew(request.Header.Get("webhook-id")) {
		fmt.Println(describe(event))
	}
	writer.WriteHeader(http.StatusNoContent)
}

func describe(event *receiver.Event) string {
	about := string(event.RawData)
	switch data := event.Data.(type) {
	case *receiver.BookingCreated:
		about = fmt.Sprintf("%s has booked %s for %s", data.CustomerName, data.Service, data.StartTime.Format(time.RFC1123))
	case *receiver.BookingCancelled:
		about = fmt.Sprintf("%s has cancelled %s", data.CustomerName, data.Service)
	}
	return fmt.Sprintf("%s %s: %s", event.Type, event.ID, about)
}
