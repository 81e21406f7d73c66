package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	pb "webhooks.bookora/conformance/gen/bookora/webhooks/v1"
)

type script struct {
	data
	receiver string
	ctx      context.Context
	health   grpc_health_v1.HealthClient
	ingest   pb.EventIngestClient
	admin    pb.EndpointAdminClient
	query    pb.DeliveryQueryClient
	names
}

func newScript(connection *grpc.ClientConn, data data, receiver string) *script {
	return &script{
		data:     data,
		receiver: receiver,
		ctx:      context.Background(),
		health:   grpc_health_v1.NewHealthClient(connection),
		ingest:   pb.NewEventIngestClient(connection),
		admin:    pb.NewEndpointAdminClient(connection),
		query:    pb.NewDeliveryQueryClient(connection),
	}
}

func (s *script) run() {
	s.showHealth()
	s.showEventTypes()
	s.makeEndpoint()
	firstToken := s.listNothing()
	s.publishOne()
	s.showErrors()
	s.publishBatches()
	s.awaitStates()
	live := s.watch()
	listed := s.listPages()
	s.showDelivery()
	s.replay(firstToken, listed, live)
	s.meetDeadline()
}

func (s *script) showHealth() {
	services := []string{"", pb.EventIngest_ServiceDesc.ServiceName,
		pb.EndpointAdmin_ServiceDesc.ServiceName, pb.DeliveryQuery_ServiceDesc.ServiceName}
	for _, service := range services {
		request := &grpc_health_v1.HealthCheckRequest{Service: service}
		status := got(s.health.Check(s.ctx, request)).Status
		if service == "" {
			service = "the server"
		}
		fmt.Printf("health of %s: %s\n", service, status)
	}
}

func (s *script) showEventTypes() {
	fmt.Print("event types of bookings:")
	for _, eventType := range got(s.admin.ListEventTypes(s.ctx, &pb.ListEventTypesRequest{})).EventTypes {
		if strings.HasPrefix(eventType.Name, "booking.") {
			fmt.Print(" ", eventType.Name)
		}
	}
	fmt.Println()
}

func (s *script) makeEndpoint() {
	wanted := message(s.Endpoint, &pb.Endpoint{})
	wanted.Url = s.receiver + "/hooks"
	created := got(s.admin.CreateEndpoint(s.ctx, &pb.CreateEndpointRequest{Endpoint: wanted, Secret: &s.Secret}))
	endpoint := created.Endpoint
	fmt.Printf("endpoint: %s, retries after ", endpoint.State)
	for _, wait := range endpoint.RetrySchedule {
		fmt.Printf("%ds, headers ", wait.Seconds)
	}
	for name, value := range endpoint.Headers {
		fmt.Printf("%s: %s\n", name, value)
	}
	fmt.Println("its secret:", either(created.Secret == s.Secret, "as brought", "another"))
	changed := &pb.Endpoint{
		AccountId: s.AccountID, EndpointId: endpoint.EndpointId, Etag: endpoint.Etag,
		Description: s.ChangedDescription, Url: "https://not-in-the-mask.example.com/",
	}
	update := &pb.UpdateEndpointRequest{
		Endpoint: changed, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"description"}},
	}
	updated := got(s.admin.UpdateEndpoint(s.ctx, update)).Endpoint
	fmt.Printf("updated: description %s, url %s, etag %s\n", updated.Description,
		either(updated.Url == endpoint.Url, "kept", "changed"),
		either(updated.Etag == endpoint.Etag, "kept", "changed"))
	_, err := s.admin.UpdateEndpoint(s.ctx, update)
	s.showError("update of an old etag", err)
}

func (s *script) listNothing() string {
	page := got(s.query.ListDeliveries(s.ctx, &pb.ListDeliveriesRequest{AccountId: s.AccountID}))
	fmt.Printf("before: %d deliveries\n", len(page.Deliveries))
	return page.WatchToken
}

func (s *script) publishOne() {
	s.control("lose")
	s.showPublished("first, its answer lost once", got(s.publish(s.First)))
	s.showPublished("first again", got(s.publish(s.First)))
}

func (s *script) publish(event json.RawMessage) (*pb.PublishEventResponse, error) {
	return s.ingest.PublishEvent(s.ctx, message(event, &pb.PublishEventRequest{}))
}

func (s *script) publishBatch(events []json.RawMessage) (*pb.BatchPublishEventsResponse, error) {
	batch := &pb.BatchPublishEventsRequest{}
	for _, event := range events {
		batch.Requests = append(batch.Requests, message(event, &pb.PublishEventRequest{}))
	}
	return s.ingest.BatchPublishEvents(s.ctx, batch)
}

func (s *script) showErrors() {
	_, err := s.publish(s.FirstOtherwise)
	s.showError("key reused", err)
	_, err = s.publish(s.Bad)
	s.showError("bad event", err)
	_, err = s.publishBatch(s.BadBatch.all())
	s.showError("bad batch", err)
	_, err = s.query.GetDelivery(s.ctx, &pb.GetDeliveryRequest{
		AccountId: s.AccountID, DeliveryId: s.UnknownDeliveryID,
	})
	s.showError("unknown delivery", err)
}

func (s *script) publishBatches() {
	for i, result := range got(s.publishBatch(s.Batch)).Results {
		name := fmt.Sprintf("batch %d", i+1)
		if published := result.GetPublished(); published != nil {
			s.showPublished(name, published)
		} else {
			s.showStatus(name, status.FromProto(result.GetError()))
		}
	}
	published := 0
	for _, result := range got(s.publishBatch(s.Large.all())).Results {
		if result.GetPublished() != nil {
			published++
		}
	}
	fmt.Printf("large batch: %d published\n", published)
	s.showPublished("refused once", got(s.publish(s.RefusedOnce)))
}

// A publisher follows what it has published: the snapshot has its closed deliveries too.
func (s *script) awaitStates() {
	request := &pb.WatchDeliveriesRequest{
		AccountId: s.AccountID, IncludeSnapshot: true, Filter: &pb.DeliveryFilter{EventIds: s.events},
	}
	settled := map[string]pb.Delivery_State{}
	for message, err := range watch(s.ctx, s.query, request, func() {}) {
		must(err)
		delivery := message.GetUpdate().GetDelivery()
		if delivery != nil && delivery.State != pb.Delivery_STATE_PENDING {
			settled[s.delivery(delivery)] = delivery.State
		}
		if len(settled) == len(s.events) {
			break
		}
	}
	for i := range s.events {
		name := fmt.Sprintf("delivery %d", i+1)
		fmt.Printf("%s: %s\n", name, settled[name])
	}
}

func (s *script) watch() []*pb.DeliveryUpdate {
	request := &pb.WatchDeliveriesRequest{AccountId: s.AccountID, IncludeSnapshot: true}
	resumed := false
	pull, end := iter.Pull2(watch(s.ctx, s.query, request, func() { resumed = true }))
	defer end()
	next := func() *pb.WatchDeliveriesResponse {
		message, err, _ := pull()
		return got(message, err)
	}
	var snapshot []*pb.DeliveryUpdate
	for message := next(); message.GetSnapshotComplete() == nil; message = next() {
		snapshot = append(snapshot, message.GetUpdate())
	}
	s.showUpdates("snapshot", snapshot)

	for i, result := range got(s.publishBatch(s.Burst)).Results {
		s.showPublished(fmt.Sprintf("burst %d", i+1), result.GetPublished())
	}
	live := []*pb.DeliveryUpdate{next().GetUpdate()}
	s.control("cut")
	s.showPublished("late", got(s.publish(s.Late)))
	refused := snapshot[0].Delivery.DeliveryId
	got(s.admin.CancelDelivery(s.ctx, &pb.CancelDeliveryRequest{AccountId: s.AccountID, DeliveryId: refused}))
	got(s.admin.ResendDelivery(s.ctx, &pb.ResendDeliveryRequest{
		AccountId: s.AccountID, DeliveryId: refused, RequestId: s.ResendRequestID,
	}))
	for succeeded := map[string]bool{}; ; live = append(live, next().GetUpdate()) {
		last := live[len(live)-1].Delivery
		if last.State == pb.Delivery_STATE_SUCCEEDED {
			succeeded[last.DeliveryId] = true
		}
		if len(succeeded) == len(s.Burst)+2 {
			break
		}
	}
	s.showUpdates("live, resumed: "+either(resumed, "yes", "no"), live)
	return live
}

// Newest first; the order within one batch is not promised.
func (s *script) listPages() (listed []*pb.Delivery) {
	request := &pb.ListDeliveriesRequest{AccountId: s.AccountID, PageSize: 5}
	fmt.Print("pages:")
	for more := true; more; more = request.PageToken != "" {
		page := got(s.query.ListDeliveries(s.ctx, request))
		fmt.Printf(" %d", len(page.Deliveries))
		listed = append(listed, page.Deliveries...)
		request.PageToken = page.NextPageToken
	}
	fmt.Println()
	slices.SortFunc(listed, s.byName)
	for _, delivery := range listed {
		fmt.Printf("  %s of %s: %s\n", s.delivery(delivery), delivery.EventType, delivery.State)
	}
	return listed
}

// The delivery that was refused once is the third.
func (s *script) showDelivery() {
	id := s.deliveries["delivery 3"]
	read := &pb.GetDeliveryRequest{
		AccountId: s.AccountID, DeliveryId: id, View: pb.DeliveryView_DELIVERY_VIEW_FULL,
	}
	var payload struct {
		Event, ID string
		Data      struct {
			CustomerName string `json:"customer_name"`
		}
	}
	text := got(s.query.GetDelivery(s.ctx, read)).Delivery.Payload
	must(json.Unmarshal([]byte(text), &payload))
	fmt.Println("payload:", payload.Event, s.event(payload.ID), payload.Data.CustomerName)
	attempts := &pb.ListAttemptsRequest{AccountId: s.AccountID, DeliveryId: id}
	for _, attempt := range got(s.query.ListAttempts(s.ctx, attempts)).Attempts {
		fmt.Printf("attempt %d: %s, %s %d %s\n", attempt.Number, attempt.Trigger, attempt.Outcome,
			attempt.HttpStatus, attempt.ResponseBody)
	}
	first := &pb.GetEventRequest{AccountId: s.AccountID, EventId: s.events[0]}
	event := got(s.query.GetEvent(s.ctx, first)).Event
	fmt.Println("event 1:", event.CreateTime.AsTime().Format(time.RFC3339Nano))
	fmt.Println(" ", strings.Replace(event.Payload, event.EventId, "event 1", 1))
}

// The whole log, from before anything was published to what the listing shows.
func (s *script) replay(token string, listed []*pb.Delivery, live []*pb.DeliveryUpdate) {
	ends := map[string]bool{}
	for _, delivery := range listed {
		ends[revision(delivery)] = true
	}
	var log []*pb.DeliveryUpdate
	request := &pb.WatchDeliveriesRequest{AccountId: s.AccountID, ResumeToken: token}
	for message, err := range watch(s.ctx, s.query, request, func() {}) {
		must(err)
		log = append(log, message.GetUpdate())
		delete(ends, revision(message.GetUpdate().GetDelivery()))
		if len(ends) == 0 {
			break
		}
	}
	var seen, same []string
	for _, update := range live {
		seen = append(seen, revision(update.Delivery))
	}
	for _, update := range log {
		if slices.Contains(seen, revision(update.Delivery)) {
			same = append(same, revision(update.Delivery))
		}
	}
	s.showUpdates("log", log)
	fmt.Println("the live updates came in the order of the log:", either(slices.Equal(seen, same), "yes", "no"))
}

func (s *script) meetDeadline() {
	ctx, end := context.WithTimeout(s.ctx, time.Duration(s.WatchDeadlineSeconds)*time.Second)
	defer end()
	stream, err := s.query.WatchDeliveries(ctx, &pb.WatchDeliveriesRequest{AccountId: s.AccountID})
	for err == nil {
		_, err = stream.Recv()
	}
	fmt.Println("watch with a deadline:", codeName(status.Code(err)))
}

// control asks the relay that is between us and the service.
func (s *script) control(what string) {
	must(got(http.Post(s.receiver+"/relay/"+what, "", nil)).Body.Close())
}
