package webhooks_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	webhooks "github.com/bookora/webhooks/sdk/go"
	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

func ExampleNewClient() {
	client, err := webhooks.NewClient("https://webhooks.internal.example", webhooks.WithToken(os.Getenv("BOOKORA_TOKEN")))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
}

func ExampleNewClient_refused() {
	_, err := webhooks.NewClient("http://webhooks.internal.example", webhooks.WithToken("bwt_1"))
	fmt.Println(err)
	// Output: webhooks: a token would travel in the clear to a host that is not loopback: use https://, or no token
}

func ExampleDetailsOf() {
	err := status.Error(codes.Unavailable, "connection refused")
	details := webhooks.DetailsOf(fmt.Errorf("publishing: %w", err))
	fmt.Printf("%v %q\n", details.Code, details.Reason)
	// Output: Unavailable ""
}

func ExampleClient_Watch() {
	var client *webhooks.Client // See NewClient.
	watch := func(ctx context.Context, token string) error {
		watch := client.Watch(ctx, &webhooksv1.WatchDeliveriesRequest{AccountId: "acct_1", ResumeToken: token})
		defer watch.Close()
		for message, err := range watch.All() {
			if err != nil {
				return err
			}
			fmt.Println(message.GetUpdate().GetDelivery().GetState())
		}
		return nil
	}
	_ = watch
}

func ExamplePublisher() {
	var client *webhooks.Client // See NewClient.
	publish := func(ctx context.Context, requests []*webhooksv1.PublishEventRequest) error {
		publisher, err := client.NewPublisher(ctx)
		if err != nil {
			return err
		}
		defer publisher.Close()
		for _, request := range requests {
			pending, err := publisher.Publish(ctx, request)
			if err != nil {
				return err
			}
			go func() {
				if _, err := pending.Result(ctx); err != nil {
					log.Print(err)
				}
			}()
		}
		return publisher.Flush(ctx)
	}
	_ = publish
}
