package webhooks_test

import (
	"context"
	"net"
	"regexp"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	webhooks "github.com/bookora/webhooks/sdk/go"
	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

// moody is a service that fails as a test wants it; the real one cannot be made to.
type moody struct {
	webhooksv1.UnimplementedEventIngestServer
	webhooksv1.UnimplementedDeliveryQueryServer

	mutex     sync.Mutex
	failures  []error
	keys      []string
	deadlines []time.Duration
	agents    []string
	tokens    []string
}

func (m *moody) nextFailure() error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if len(m.failures) == 0 {
		return nil
	}
	failure := m.failures[0]
	m.failures = m.failures[1:]
	return failure
}

func (m *moody) PublishEvent(
	ctx context.Context, request *webhooksv1.PublishEventRequest,
) (*webhooksv1.PublishEventResponse, error) {
	m.mutex.Lock()
	deadline, _ := ctx.Deadline()
	m.deadlines = append(m.deadlines, time.Until(deadline))
	m.keys = append(m.keys, request.GetIdempotencyKey())
	headers, _ := metadata.FromIncomingContext(ctx)
	m.agents = append(m.agents, headers.Get("user-agent")...)
	m.mutex.Unlock()
	return &webhooksv1.PublishEventResponse{}, m.nextFailure()
}

func (m *moody) WatchDeliveries(
	request *webhooksv1.WatchDeliveriesRequest,
	stream grpc.ServerStreamingServer[webhooksv1.WatchDeliveriesResponse],
) error {
	m.mutex.Lock()
	m.tokens = append(m.tokens, request.GetResumeToken())
	count := len(m.tokens)
	m.mutex.Unlock()
	delivery := &webhooksv1.Delivery{DeliveryId: "dlv_1", Revision: int32(count)}
	// The one before comes again, as after a resume it may.
	for _, revision := range []int32{int32(count) - 1, int32(count)} {
		delivery.Revision = revision
		message := &webhooksv1.WatchDeliveriesResponse{
			Message:     &webhooksv1.WatchDeliveriesResponse_Update{Update: &webhooksv1.DeliveryUpdate{Delivery: delivery}},
			ResumeToken: string(rune('a' + revision)),
		}
		if err := stream.Send(message); err != nil {
			return err
		}
	}
	return m.nextFailure()
}

func serveMoody(t *testing.T, failures ...error) (*moody, *webhooks.Client) {
	t.Helper()
	listener := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	service, server := &moody{failures: failures}, grpc.NewServer()
	webhooksv1.RegisterEventIngestServer(server, service)
	webhooksv1.RegisterDeliveryQueryServer(server, service)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return service, connect(t, listener.Addr().String())
}

func said(t *testing.T, code codes.Code, reason string) error {
	return must(status.New(code, "said").WithDetails(
		&errdetails.ErrorInfo{Domain: "webhooks.bookora", Reason: reason},
		&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Millisecond)}))(t).Err()
}

var uuidV4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestAPublishIsTriedAgainWithTheSameKeyAndLeavesTheRequestAsItIs(t *testing.T) {
	t.Parallel()
	service, client := serveMoody(t, status.Error(codes.Unavailable, "not now"))
	request := booking("acct_1", "bkg_1")
	must(client.Publish(t.Context(), request))(t)
	must(client.Publish(t.Context(), request))(t)
	keys := service.keys
	if len(keys) != 3 || keys[0] != keys[1] || keys[1] == keys[2] || !uuidV4.MatchString(keys[0]) {
		t.Errorf("the keys are %q", keys)
	}
	if request.GetIdempotencyKey() != "" {
		t.Error("the request has a key now")
	}
	if agent := service.agents[0]; !regexp.MustCompile(`^bookora-webhooks-sdk-go/0\.1\.0 `).MatchString(agent) {
		t.Errorf("the user agent is %s", agent)
	}
}

func TestWhatIsNotUnavailableIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	service, client := serveMoody(t, said(t, codes.Internal, "INTERNAL"))
	_, err := client.Publish(t.Context(), booking("acct_1", "bkg_1"))
	if details := expect(t, err, codes.Internal, "INTERNAL"); details.RetryDelay != time.Millisecond {
		t.Errorf("the delay is %v", details.RetryDelay)
	}
	if len(service.keys) != 1 {
		t.Errorf("%d attempts were made", len(service.keys))
	}
}

func TestACallHasItsOwnDeadlineOrThirtySeconds(t *testing.T) {
	t.Parallel()
	service, client := serveMoody(t)
	must(client.Publish(t.Context(), booking("acct_1", "bkg_1")))(t)
	for _, chosen := range []time.Duration{10 * time.Second, 10 * time.Minute} {
		ctx, cancel := context.WithTimeout(t.Context(), chosen)
		defer cancel()
		must(client.Publish(ctx, booking("acct_1", "bkg_1")))(t)
	}
	for i, want := range []time.Duration{30 * time.Second, 10 * time.Second, 10 * time.Minute} {
		if got := service.deadlines[i]; got > want+time.Second || got < want-5*time.Second {
			t.Errorf("call %d had %v left of %v", i, got, want)
		}
	}
}

func TestAWatchResumesAfterEveryKindOfBreakAndDropsWhatCameBefore(t *testing.T) {
	t.Parallel()
	service, client := serveMoody(t,
		said(t, codes.Unavailable, "WATCH_AGE_REACHED"), nil, said(t, codes.ResourceExhausted, "WATCH_TOO_SLOW"),
		status.Error(codes.Internal, "the stream was reset"), said(t, codes.OutOfRange, "RESUME_TOKEN_EXPIRED"))
	watch := client.Watch(patient(t), &webhooksv1.WatchDeliveriesRequest{AccountId: "acct_1"})
	var revisions []int32
	var last error
	for message, err := range watch.All() {
		if last = err; err == nil {
			revisions = append(revisions, message.GetUpdate().GetDelivery().GetRevision())
		}
	}
	expect(t, last, codes.OutOfRange, "RESUME_TOKEN_EXPIRED")
	// The first stream tells of revision 0 too.
	if len(revisions) != 6 || revisions[0] != 0 || revisions[5] != 5 {
		t.Errorf("the revisions are %v", revisions)
	}
	want := []string{"", "b", "c", "d", "e"}
	for i, token := range service.tokens {
		if token != want[i] {
			t.Errorf("the tokens are %q", service.tokens)
			break
		}
	}
}

func TestAnExhaustedQuotaEndsAWatch(t *testing.T) {
	t.Parallel()
	_, client := serveMoody(t, said(t, codes.ResourceExhausted, "QUOTA_EXCEEDED"))
	watch := client.Watch(patient(t), &webhooksv1.WatchDeliveriesRequest{AccountId: "acct_1"})
	var last error
	for _, last = range watch.All() {
	}
	expect(t, last, codes.ResourceExhausted, "QUOTA_EXCEEDED")
}
