// The script of ../README.md with grpc-go.
package main

import (
	"encoding/json"
	"flag"
	"log"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// data is script.json; its messages are in proto's JSON form.
type data struct {
	AccountID, Secret, ChangedDescription, UnknownDeliveryID, ResendRequestID string
	Endpoint, First, FirstOtherwise, Bad, RefusedOnce, Late                   json.RawMessage
	Batch, Burst                                                              []json.RawMessage
	BadBatch, Large                                                           repeated
	WatchDeadlineSeconds                                                      int
}

type repeated struct {
	Count   int
	Request json.RawMessage
}

func (r repeated) all() []json.RawMessage {
	requests := make([]json.RawMessage, r.Count)
	for i := range requests {
		requests[i] = r.Request
	}
	return requests
}

// message reads a message of the script; what cannot be read is the script's mistake.
func message[M proto.Message](text json.RawMessage, message M) M {
	must(protojson.Unmarshal(text, message))
	return message
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func got[T any](answer T, err error) T {
	must(err)
	return answer
}

func main() {
	target := flag.String("target", "", "host:port")
	receiver := flag.String("receiver", "", "URL of the receiver and of the relay's controls")
	scriptFile := flag.String("script", "", "script.json")
	serviceConfig := flag.String("service-config", "", "service_config.json")
	caFile := flag.String("ca-file", "", "whom to trust; without it no TLS")
	token := flag.String("token", "", "a bearer token")
	flag.Parse()

	var read data
	must(json.Unmarshal(got(os.ReadFile(*scriptFile)), &read))
	connection := got(connect(*target, *serviceConfig, *caFile, *token))
	defer connection.Close()
	newScript(connection, read, *receiver).run()
}
