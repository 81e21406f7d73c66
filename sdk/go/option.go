package webhooks

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// Option is a setting of [NewClient].
type Option func(*settings) error

type settings struct {
	token              string
	authorities        *x509.CertPool
	clientCertificates []tls.Certificate
	timeout            time.Duration
	dialOptions        []grpc.DialOption
}

// WithToken sends a token, as `bookora-webhooks token new` prints it, with every call. An empty one
// sends none.
func WithToken(token string) Option {
	return func(s *settings) error {
		for _, letter := range []byte(token) {
			if letter <= ' ' || letter > '~' {
				return errors.New("the token has a space, a line end or another character that no token has")
			}
		}
		s.token = token
		return nil
	}
}

// WithCACertificates trusts the authorities in this PEM text instead of the system's.
func WithCACertificates(pem []byte) Option {
	return func(s *settings) error {
		s.authorities = x509.NewCertPool()
		if !s.authorities.AppendCertsFromPEM(pem) {
			return errors.New("the CA certificates have none in PEM")
		}
		return nil
	}
}

// WithClientCertificate shows this certificate to the service (mTLS); both texts are PEM.
func WithClientCertificate(certificate, key []byte) Option {
	return func(s *settings) error {
		pair, err := tls.X509KeyPair(certificate, key)
		if err != nil {
			return fmt.Errorf("the client certificate: %w", err)
		}
		s.clientCertificates = []tls.Certificate{pair}
		return nil
	}
}

// WithTimeout sets how long a unary call may take, retries included, whose context has no deadline; more
// than 0. Default: 30 s. TestEndpoint, which waits for a receiver, has 45 s, or this where it is longer.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) error {
		if timeout <= 0 {
			return errors.New("the timeout is not more than 0")
		}
		s.timeout = timeout
		return nil
	}
}

// WithDialOptions adds options of grpc-go, such as interceptors and statistics. They come after the
// SDK's own and take their place where both set the same.
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(s *settings) error {
		s.dialOptions = append(s.dialOptions, options...)
		return nil
	}
}

func readSettings(options []Option) (settings, error) {
	var read settings
	for _, option := range options {
		if err := option(&read); err != nil {
			return read, err
		}
	}
	return read, nil
}

// transport says how to connect to an address.
func (s settings) transport(to address) (credentials.TransportCredentials, error) {
	if to.isTLS {
		return credentials.NewTLS(&tls.Config{
			MinVersion: tls.VersionTLS12, RootCAs: s.authorities, Certificates: s.clientCertificates,
		}), nil
	}
	if s.authorities != nil || s.clientCertificates != nil {
		return nil, errors.New("certificates are of no effect with http://: use https://")
	}
	if s.token != "" && !to.isLoopback() {
		return nil, errTokenInTheClear
	}
	return insecure.NewCredentials(), nil
}
