package main

import (
	"context"
	"fmt"
	"log"

	webhooks "github.com/bookora/webhooks/sdk/go"
	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

// watch follows one account at the first replica for as long as it runs: the SDK resumes by itself.
func watch(read cast, notes *journal) {
	const account = "acct_calm"
	client, err := webhooks.NewClient(read.Replicas[0])
	if err != nil {
		log.Fatal(err)
	}
	watching := client.Watch(context.Background(),
		&webhooksv1.WatchDeliveriesRequest{AccountId: account, IncludeSnapshot: true})
	for message, err := range watching.All() {
		if err != nil {
			log.Fatal(err)
		}
		if message.GetSnapshotComplete() != nil {
			fmt.Println("ready")
			continue
		}
		update := message.GetUpdate()
		one := update.GetDelivery()
		notes.note(map[string]any{"w": "go, " + account, "d": one.GetDeliveryId(), "r": one.GetRevision(),
			"s": int(one.GetState()), "p": int(update.GetPreviousState())})
	}
}
