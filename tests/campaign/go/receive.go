package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"

	"github.com/bookora/webhooks/sdk/go/receiver"
)

// receive verifies each request, notes it, and only then answers that all is well.
func receive(read cast, notes *journal) {
	secrets := map[string][]string{}
	for _, endpoint := range read.Endpoints {
		secrets[endpoint.Name] = endpoint.Secrets
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	log.Fatal(http.Serve(listener, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		name := request.URL.Path[1:]
		body, err := io.ReadAll(request.Body)
		if err != nil {
			// The service was killed, or the connection cut, in the middle of it.
			return
		}
		notes.note(noted(name, request.Header, body, secrets[name]))
		writer.WriteHeader(http.StatusNoContent)
	})))
}

func noted(name string, header http.Header, body []byte, secrets []string) map[string]any {
	hash := sha256.Sum256(body)
	attempt, _ := strconv.Atoi(header.Get("x-bookora-attempt"))
	note := map[string]any{"p": name, "d": header.Get("x-bookora-delivery"), "n": attempt,
		"s": http.StatusNoContent, "h": hex.EncodeToString(hash[:]), "v": false, "id": "", "k": ""}
	// Clocks are set here: a request may say that it is of another day.
	event, err := receiver.Verify(body, header, secrets, receiver.WithoutTolerance())
	if err != nil {
		note["why"] = err.Error()
		return note
	}
	var data struct {
		Key string `json:"customer_id"`
	}
	if err := json.Unmarshal(event.RawData, &data); err != nil {
		note["why"] = err.Error()
		return note
	}
	note["v"], note["id"], note["k"] = true, event.ID, data.Key
	return note
}
