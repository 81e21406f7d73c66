package webhooks

import (
	"strings"
	"testing"
)

func TestAddressesAreReadWithTheirDefaults(t *testing.T) {
	for text, want := range map[string]address{
		"https://bookora.example":          {"bookora.example", "443", true},
		"https://bookora.example:50051":    {"bookora.example", "50051", true},
		"HTTPS://bookora.example":          {"bookora.example", "443", true},
		"bookora.example:50051":            {"bookora.example", "50051", true},
		"bookora-webhooks.default.svc:443": {"bookora-webhooks.default.svc", "443", true},
		"http://bookora.example":           {"bookora.example", "80", false},
		"http://127.0.0.1:50051":           {"127.0.0.1", "50051", false},
		"[::1]:50051":                      {"::1", "50051", true},
	} {
		if read, err := readAddress(text); err != nil || read != want {
			t.Errorf("%s is read as %v, %v", text, read, err)
		}
	}
}

func TestAddressesOfAnotherFormAreRefusedWithWhatIsAllowed(t *testing.T) {
	for _, text := range []string{
		"", "https://", "ftp://bookora.example", "dns:///bookora.example", "unix:/run/bookora",
		"https://bookora.example/", "https://bookora.example/path", "bookora.example/path",
		"https://bookora.example?x", "https://bookora.example#x", "https://bookora.example?",
		"https://user:hunter2@bookora.example", "user:hunter2@bookora.example", "bookora.example:",
		"bookora.example:0", "bookora.example:65536", "bookora.example:http", "::1", "[::1%25lo]:1",
		"[bookora.example]:1", "book ora:1", "bookora.example:1,other:1", "http://%41:1", "a\n:1",
	} {
		_, err := NewClient(text)
		if err == nil {
			t.Errorf("%q is taken", text)
			continue
		}
		if !strings.Contains(err.Error(), "https://host:port") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q is refused with %v", text, err)
		}
	}
}

func TestATokenIsNotSentInTheClearToAnotherMachine(t *testing.T) {
	for address, isTaken := range map[string]bool{
		"http://127.0.0.1:1": true, "http://127.8.8.8:1": true, "http://localhost:1": true, "http://[::1]:1": true,
		"http://bookora.example:1": false, "http://10.0.0.1:1": false, "http://localhost.example:1": false,
		"https://bookora.example": true, "bookora.example:1": true,
	} {
		client, err := NewClient(address, WithToken("bwt_secret"))
		if (err == nil) != isTaken {
			t.Errorf("with a token %s has the error %v", address, err)
		}
		if err == nil {
			client.Close()
		} else if strings.Contains(err.Error(), "bwt_secret") {
			t.Error("the error shows the token")
		}
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	for name, option := range map[string]Option{
		"token": WithToken("bwt_1\n"), "authorities": WithCACertificates([]byte("none")),
		"certificate": WithClientCertificate(nil, nil), "timeout": WithTimeout(0),
	} {
		if _, err := NewClient("bookora.example", option); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
