package stage

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/bookora/webhooks/sdk/go/receiver"
)

// Hooks is a receiver of webhooks that verifies what it gets by the SDK.
type Hooks struct {
	// URL is where it receives.
	URL string

	mutex   sync.Mutex
	secrets []string
	status  int
	events  []*receiver.Event
	refused []error
	arrived chan struct{}
}

// NewHooks begins to receive, until the test ends; it answers 204 to what verifies.
func NewHooks(t testing.TB) *Hooks {
	hooks := &Hooks{status: http.StatusNoContent, arrived: make(chan struct{}, 1)}
	server := httptest.NewServer(hooks)
	t.Cleanup(server.Close)
	hooks.URL = server.URL + "/hooks"
	return hooks
}

// Hold sets the secrets that are held.
func (h *Hooks) Hold(secrets ...string) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.secrets = secrets
}

// Answer sets the status of the answer to what verifies.
func (h *Hooks) Answer(status int) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.status = status
}

func (h *Hooks) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	event, err := receiver.VerifyRequest(request, h.secrets)
	if err != nil {
		h.refused = append(h.refused, err)
		http.Error(writer, err.Error(), receiver.StatusOf(err))
		return
	}
	h.events = append(h.events, event)
	writer.WriteHeader(h.status)
	select {
	case h.arrived <- struct{}{}:
	default:
	}
}

// Await waits for an event that verified, by its id.
func (h *Hooks) Await(t testing.TB, id string) *receiver.Event {
	t.Helper()
	late := time.After(Patience)
	for {
		h.mutex.Lock()
		for _, event := range h.events {
			if event.ID == id {
				h.mutex.Unlock()
				return event
			}
		}
		refused := h.refused
		h.mutex.Unlock()
		select {
		case <-h.arrived:
		case <-late:
			t.Fatalf("%s did not arrive; refused were %v", id, refused)
		}
	}
}

// Refused is why what did not verify did not.
func (h *Hooks) Refused() []error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.refused
}
