package webhooks

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

func TestTheServiceConfigIsTheOneOfTheContract(t *testing.T) {
	original, err := os.ReadFile("../../proto/bookora/webhooks/v1/service_config.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(original, publishedServiceConfig) {
		t.Error("service_config.json differs from the contract's: `make generate-go` copies it")
	}
}

func TestDeadlinesAreThePublishedOnesUnlessAnotherIsChosen(t *testing.T) {
	config, err := readServiceConfig(publishedServiceConfig)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(config.retries, "timeout") || !strings.Contains(config.retries, "retryPolicy") {
		t.Errorf("gRPC is given %s", config.retries)
	}
	const service = "/bookora.webhooks.v1."
	for _, each := range []struct {
		method       string
		chosen, want time.Duration
	}{
		{"EventIngest/PublishEvent", 0, 30 * time.Second},
		{"DeliveryQuery/GetEvent", 0, 30 * time.Second},
		{"EndpointAdmin/TestEndpoint", 0, 45 * time.Second},
		{"EndpointAdmin/TestEndpoint", time.Second, 45 * time.Second},
		{"EndpointAdmin/TestEndpoint", time.Minute, time.Minute},
		{"EventIngest/PublishEvent", time.Second, time.Second},
		{"EventIngest/Another", 0, 30 * time.Second},
	} {
		if got := (deadlines{config.timeouts, each.chosen}).of(service + each.method); got != each.want {
			t.Errorf("%s with %v has %v", each.method, each.chosen, got)
		}
	}
}
