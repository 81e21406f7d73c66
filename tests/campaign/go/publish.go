package main

import (
	"context"
	"fmt"
	"log"
	"maps"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	webhooks "github.com/bookora/webhooks/sdk/go"
	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

const (
	// Events a second.
	rate        = 12
	streamMax   = 40
	callTimeout = 5 * time.Second
	// A stream whose replica is paused is given up after this; its events go elsewhere.
	streamTimeout = 8 * time.Second
	// Between two tries: what keeps a caller from trying in circles while everything is down.
	pause = 100 * time.Millisecond
)

type publisher struct {
	cast    cast
	journal *journal
	clients []*webhooks.Client
	random  *rand.Rand
}

// publish publishes one by one and over streams until SIGTERM, and then what has no acknowledgement yet.
func publish(read cast, notes *journal) {
	p := &publisher{cast: read, journal: notes, random: rand.New(rand.NewPCG(uint64(read.Seed), 1))}
	for _, address := range read.Replicas {
		client, err := webhooks.NewClient(address, webhooks.WithTimeout(callTimeout))
		if err != nil {
			log.Fatal(err)
		}
		defer client.Close()
		p.clients = append(p.clients, client)
	}
	over, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	for number := 0; ; {
		size := 1
		if p.random.IntN(4) == 0 {
			size = 2 + p.random.IntN(streamMax-1)
		}
		wait := time.Duration(p.random.ExpFloat64() * float64(size) / rate * float64(time.Second))
		select {
		case <-over.Done():
			return
		case <-time.After(wait):
		}
		requests := make([]*webhooksv1.PublishEventRequest, size)
		for place := range requests {
			number++
			requests[place] = p.request(number)
		}
		if size > 1 {
			requests = p.stream(requests)
		}
		for _, request := range requests {
			p.publishOne(request)
		}
	}
}

func (p *publisher) client() *webhooks.Client { return p.clients[p.random.IntN(len(p.clients))] }

func (p *publisher) request(number int) *webhooksv1.PublishEventRequest {
	key, account, kind := fmt.Sprintf("go %d", number), draw(p.random, p.cast.Accounts), draw(p.random, p.cast.Kinds)
	p.journal.note(map[string]any{"e": "try", "k": key, "a": account, "y": strings.Replace(kind, "_", ".", 1)})
	request := &webhooksv1.PublishEventRequest{AccountId: account, IdempotencyKey: key}
	const name = "Zoë Baker"
	switch kind {
	case "booking_created":
		start := timestamppb.New(time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC))
		request.Data = &webhooksv1.PublishEventRequest_BookingCreated{BookingCreated: &webhooksv1.BookingCreated{
			BookingId: "bkg_1", CustomerId: key, CustomerName: name, Service: "Massage",
			StartTime: start, EndTime: start, Price: 1e21}}
	case "lead_qualified":
		request.Data = &webhooksv1.PublishEventRequest_LeadQualified{LeadQualified: &webhooksv1.LeadQualified{
			LeadId: "lead_1", LeadName: name, Score: 0.9, Threshold: 0.5, CustomerId: &key}}
	case "workflow_triggered":
		request.Data = &webhooksv1.PublishEventRequest_WorkflowTriggered{WorkflowTriggered: &webhooksv1.WorkflowTriggered{
			WorkflowId: "wfl_1", WorkflowName: name, Trigger: "t", CustomerId: &key}}
	case "review_created":
		request.Data = &webhooksv1.PublishEventRequest_ReviewCreated{ReviewCreated: &webhooksv1.ReviewCreated{
			ReviewId: "rev_1", CustomerId: key, CustomerName: name, Rating: 5}}
	default:
		request.Data = &webhooksv1.PublishEventRequest_CustomerCreated{CustomerCreated: &webhooksv1.CustomerCreated{
			CustomerId: key, CustomerName: name}}
	}
	return request
}

// draw gives a name as often as its weight says; the order of names is fixed, as a seed's draws have to be.
func draw(random *rand.Rand, weights map[string]int) string {
	names, all := slices.Sorted(maps.Keys(weights)), 0
	for _, weight := range weights {
		all += weight
	}
	left := random.IntN(all)
	for _, name := range names {
		if left -= weights[name]; left < 0 {
			return name
		}
	}
	panic("a draw is below the sum of the weights")
}

// stream publishes over one stream, and gives what has no acknowledgement.
func (p *publisher) stream(requests []*webhooksv1.PublishEventRequest) []*webhooksv1.PublishEventRequest {
	ctx := context.Background()
	stream, err := p.client().NewPublisher(ctx, webhooks.WithGiveUpAfter(streamTimeout))
	if err != nil {
		log.Fatal(err)
	}
	defer stream.Close()
	handedIn := make([]*webhooks.Pending, len(requests))
	for place, request := range requests {
		if handedIn[place], err = stream.Publish(ctx, request); err != nil {
			p.doubt(err)
		}
	}
	var left []*webhooksv1.PublishEventRequest
	for place, pending := range handedIn {
		if pending == nil || !p.settle(requests[place])(pending.Result(ctx)) {
			left = append(left, requests[place])
		}
	}
	return left
}

func (p *publisher) publishOne(request *webhooksv1.PublishEventRequest) {
	for !p.settle(request)(p.client().Publish(context.Background(), request)) {
		time.Sleep(pause)
	}
}

func (p *publisher) settle(request *webhooksv1.PublishEventRequest) func(*webhooksv1.PublishEventResponse, error) bool {
	return func(published *webhooksv1.PublishEventResponse, err error) bool {
		if err != nil {
			p.doubt(err)
			return false
		}
		p.journal.note(map[string]any{"e": "ack", "k": request.GetIdempotencyKey(), "id": published.GetEventId(),
			"n": published.GetDeliveryCount(), "dup": published.GetDuplicate()})
		return true
	}
}

// doubt notes an answer that is no acknowledgement.
func (p *publisher) doubt(err error) {
	why := status.Code(err).String()
	if details := webhooks.DetailsOf(err); details.Reason != "" {
		why = details.Reason
	}
	p.journal.note(map[string]any{"e": "unclear", "why": why})
}
