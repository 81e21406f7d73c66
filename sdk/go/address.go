package webhooks

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

const addressesAllowed = "allowed are https://host:port or host:port (TLS), and http://host:port (in the clear)"

// A name as DNS has it, with the underscores of service names within a cluster.
var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$`)

// address is where the service is.
type address struct {
	host  string
	port  string
	isTLS bool
}

func readAddress(text string) (address, error) {
	refused := func(why string) (address, error) {
		return address{}, fmt.Errorf("the address %q %s: %s", shownAddress(text), why, addressesAllowed)
	}
	withScheme := text
	if !strings.Contains(text, "://") {
		withScheme = "https://" + text
	}
	parsed, err := url.Parse(withScheme)
	switch {
	case err != nil:
		return refused("cannot be read")
	case parsed.Scheme != "https" && parsed.Scheme != "http":
		return refused("has another scheme")
	case parsed.User != nil:
		return refused("has user information")
	case strings.ContainsAny(text, "?#") || parsed.Path != "":
		return refused("has more than host and port")
	}
	read := address{host: parsed.Hostname(), port: parsed.Port(), isTLS: parsed.Scheme == "https"}
	if !isHost(read.host, strings.HasPrefix(parsed.Host, "[")) {
		return refused("has no host that can be looked up")
	}
	switch number, err := strconv.Atoi(read.port); {
	case read.port == "" && strings.HasSuffix(parsed.Host, ":"):
		return refused("has a colon and no port")
	case read.port == "" && read.isTLS:
		read.port = "443"
	case read.port == "":
		read.port = "80"
	case err != nil || number < 1 || number > 65535:
		return refused("has a port that is not 1-65535")
	}
	return read, nil
}

// shownAddress leaves out what may be a password.
func shownAddress(text string) string {
	if at := strings.LastIndex(text, "@"); at >= 0 {
		return "…" + text[at:]
	}
	return text
}

func isHost(host string, inBrackets bool) bool {
	if inBrackets {
		ip, err := netip.ParseAddr(host)
		return err == nil && ip.Is6() && ip.Zone() == ""
	}
	return hostName.MatchString(host)
}

// isLoopback says whether what is sent there stays on this machine.
func (a address) isLoopback() bool {
	ip, err := netip.ParseAddr(a.host)
	return err == nil && ip.IsLoopback() || strings.EqualFold(a.host, "localhost")
}

// target is the address as gRPC names it: every address of the host's name is connected to.
func (a address) target() string { return "dns:///" + net.JoinHostPort(a.host, a.port) }

// Not before anything is sent, but instead.
var errTokenInTheClear = errors.New(
	"a token would travel in the clear to a host that is not loopback: use https://, or no token")
