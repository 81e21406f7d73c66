package webhooks

import (
	_ "embed"
	"encoding/json"
	"time"
)

// The service's own, which says what is retried and how long a call may take.
//
//go:embed service_config.json
var publishedServiceConfig []byte

// serviceConfig is the published one, in two parts.
type serviceConfig struct {
	// For gRPC, without the deadlines: there they would cut those that a caller sets longer.
	retries string
	// By full name of a method, or of a service with a slash behind.
	timeouts map[string]time.Duration
}

func readServiceConfig(text []byte) (serviceConfig, error) {
	var config map[string]any
	if err := json.Unmarshal(text, &config); err != nil {
		return serviceConfig{}, err
	}
	read := serviceConfig{timeouts: map[string]time.Duration{}}
	methodConfigs, _ := config["methodConfig"].([]any)
	for _, each := range methodConfigs {
		methodConfig, _ := each.(map[string]any)
		timeout, has := methodConfig["timeout"].(string)
		if !has {
			continue
		}
		delete(methodConfig, "timeout")
		// Go's own form of a duration takes what proto's JSON form of one has: seconds.
		duration, err := time.ParseDuration(timeout)
		if err != nil {
			return serviceConfig{}, err
		}
		names, _ := methodConfig["name"].([]any)
		for _, each := range names {
			name, _ := each.(map[string]any)
			service, _ := name["service"].(string)
			method, _ := name["method"].(string)
			read.timeouts["/"+service+"/"+method] = duration
		}
	}
	retries, err := json.Marshal(config)
	read.retries = string(retries)
	return read, err
}
