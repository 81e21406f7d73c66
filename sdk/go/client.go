// Package webhooks is the SDK of Bookora Webhooks for the services that publish events, manage endpoints
// and follow deliveries. Receivers of webhooks use its package receiver.
//
// A [Client] has the three generated stubs, and what stubs lack: keys that make a retried publish safe
// ([Client.Publish]), a publisher that goes on where its stream broke ([Publisher]), a watch that resumes
// ([Watch]), and the details of an error ([DetailsOf]). Errors are those of grpc-go.
package webhooks

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	grpcbackoff "google.golang.org/grpc/backoff"
	"google.golang.org/grpc/keepalive"

	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

// Version is the SDK's version; it is in the user agent.
const Version = "0.1.0"

const userAgent = "bookora-webhooks-sdk-go/" + Version

// What the service and proxies before it are asked no more often than.
const keepaliveInterval = 60 * time.Second

// Client calls the service over one connection, which connects anew by itself. One is enough for a
// process; it may be used from any goroutine.
//
// Every unary call has a deadline: its context's, or 30 s (see [WithTimeout]). What is UNAVAILABLE is
// tried again within it, as the service's published config says.
type Client struct {
	// EventIngest publishes events. [Client.Publish], [Client.PublishBatch] and [Client.NewPublisher] give
	// each an idempotency key beside.
	EventIngest webhooksv1.EventIngestClient
	// EndpointAdmin manages endpoints, and sends again what did not arrive.
	EndpointAdmin webhooksv1.EndpointAdminClient
	// DeliveryQuery tells what became of events and deliveries. [Client.Watch] resumes by itself beside.
	DeliveryQuery webhooksv1.DeliveryQueryClient

	connection *grpc.ClientConn
}

// NewClient makes a client of the service at an address: https://host:port or host:port with TLS, or
// http://host:port in the clear; without a port 443 or 80. Nothing is connected before the first call.
//
// Errors: an address or an option that cannot be used, and a token that would travel in the clear to a
// host that is not loopback.
func NewClient(serviceAddress string, options ...Option) (*Client, error) {
	to, err := readAddress(serviceAddress)
	if err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	chosen, err := readSettings(options)
	if err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	dialOptions, err := chosen.dial(to)
	if err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	connection, err := grpc.NewClient(to.target(), dialOptions...)
	if err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	return &Client{
		EventIngest:   webhooksv1.NewEventIngestClient(connection),
		EndpointAdmin: webhooksv1.NewEndpointAdminClient(connection),
		DeliveryQuery: webhooksv1.NewDeliveryQueryClient(connection),
		connection:    connection,
	}, nil
}

// Close ends the connection, and every call, watch and publisher over it. Close publishers before.
func (c *Client) Close() error { return c.connection.Close() }

func (s settings) dial(to address) ([]grpc.DialOption, error) {
	transport, err := s.transport(to)
	if err != nil {
		return nil, err
	}
	config, err := readServiceConfig(publishedServiceConfig)
	if err != nil {
		return nil, err
	}
	// As slow as watches and publishers are at most: grpc-go's own waits grow to two minutes.
	reconnect := grpcbackoff.Config{
		BaseDelay: backoffFirst, Multiplier: 2, Jitter: 0.5, MaxDelay: backoffLongest,
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultServiceConfig(config.retries),
		// What a name's TXT records say has not the figures that this SDK promises.
		grpc.WithDisableServiceConfig(),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveInterval}),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: backoffLongest}),
		grpc.WithUserAgent(userAgent),
		grpc.WithChainUnaryInterceptor(deadlines{config.timeouts, s.timeout}.intercept),
	}
	if s.token != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer{s.token, to.isTLS}))
	}
	return append(options, s.dialOptions...), nil
}

type bearer struct {
	token string
	isTLS bool
}

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + b.token}, nil
}

// RequireTransportSecurity asks for TLS wherever it was chosen; to loopback it may have been left out.
func (b bearer) RequireTransportSecurity() bool { return b.isTLS }
