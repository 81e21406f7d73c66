package main

import (
	"context"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	pb "webhooks.bookora/conformance/gen/bookora/webhooks/v1"
)

// connect makes one connection for the whole process, which is made anew by itself when it is cut.
func connect(target, serviceConfigFile, caFile, token string) (*grpc.ClientConn, error) {
	serviceConfig, err := os.ReadFile(serviceConfigFile)
	if err != nil {
		return nil, err
	}
	transport := insecure.NewCredentials()
	if caFile != "" {
		if transport, err = credentials.NewClientTLSFromFile(caFile, ""); err != nil {
			return nil, err
		}
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultServiceConfig(string(serviceConfig)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 60 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.UseCompressor(gzip.Name)),
	}
	if token != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer(token)))
	}
	return grpc.NewClient(target, options...)
}

type bearer string

func (token bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(token)}, nil
}

func (bearer) RequireTransportSecurity() bool { return true }

// watch follows deliveries over any number of streams: the messages that tell something, each update
// once. It ends with its context, with the loop over it, or with an error that a new stream does not
// mend. resumed, where given, is called before each further stream.
func watch(
	ctx context.Context, query pb.DeliveryQueryClient, request *pb.WatchDeliveriesRequest, resumed func(),
) iter.Seq2[*pb.WatchDeliveriesResponse, error] {
	request = proto.CloneOf(request)
	revisions := map[string]int32{}
	return func(yield func(*pb.WatchDeliveriesResponse, error) bool) {
		ctx, end := context.WithCancel(ctx)
		defer end()
		for ; ; resumed() {
			// No deadline: a watch is meant to stay.
			stream, err := query.WatchDeliveries(ctx, request)
			for err == nil {
				var message *pb.WatchDeliveriesResponse
				if message, err = stream.Recv(); err != nil {
					break
				}
				if tells(message, revisions) && !yield(message, nil) {
					return
				}
				// Only now: the message has been dealt with.
				request.ResumeToken = message.GetResumeToken()
			}
			if !isResumable(err) {
				yield(nil, err)
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(100*time.Millisecond + rand.N(900*time.Millisecond)):
			}
		}
	}
}

// isResumable says whether a new stream mends it. A connection that is cut is Unavailable here.
func isResumable(err error) bool {
	code := status.Code(err)
	return errors.Is(err, io.EOF) || code == codes.Unavailable || code == codes.ResourceExhausted
}

func tells(message *pb.WatchDeliveriesResponse, revisions map[string]int32) bool {
	if message.GetUpdate() == nil {
		return message.GetSnapshotComplete() != nil
	}
	delivery := message.GetUpdate().GetDelivery()
	seen := revisions[delivery.GetDeliveryId()]
	revisions[delivery.GetDeliveryId()] = max(seen, delivery.GetRevision())
	return delivery.GetRevision() > seen
}
