package receiver

import (
	"encoding/base64"
	"fmt"
	"strings"
)

const secretPrefix = "whsec_"

// secretKeys are the keys that one secret is in the two schemes.
type secretKeys struct {
	standard, bookora []byte
}

func readSecrets(secrets []string) ([]secretKeys, error) {
	if len(secrets) == 0 {
		return nil, &SecretError{"there is none: take it from the endpoint's page or from CreateEndpoint"}
	}
	keys := make([]secretKeys, len(secrets))
	for i, secret := range secrets {
		if secret == "" {
			return nil, &SecretError{fmt.Sprintf("number %d of %d is empty", i+1, len(secrets))}
		}
		keys[i] = secretKeys{standard: []byte(secret), bookora: []byte(secret)}
		encoded, made := strings.CutPrefix(secret, secretPrefix)
		if !made {
			continue
		}
		standard, err := base64.StdEncoding.Strict().DecodeString(encoded)
		// The decoder passes over line ends, which Bookora's secrets do not have.
		if err != nil || len(standard) == 0 || strings.ContainsAny(encoded, "\r\n") {
			return nil, &SecretError{fmt.Sprintf("number %d of %d goes on after %s in something else than "+
				"padded base64; it must be exactly as Bookora showed it", i+1, len(secrets), secretPrefix)}
		}
		keys[i].standard = standard
	}
	return keys, nil
}
