// Package stage is what the SDK's tests play on: the service's real program, and a receiver of its
// webhooks.
package stage

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Patience is how long a test waits for something that takes moments on a machine that is not busy.
const Patience = 30 * time.Second

// Root is the checkout's folder.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "../../../..")
}

// Service is the program, on a database of its own.
type Service struct {
	// Address is its host and port, the same after a restart.
	Address string

	t         testing.TB
	database  string
	arguments []string
	process   *exec.Cmd
	// What it wrote to standard error, for tests that fail.
	said bytes.Buffer
}

// Start starts the program, which is killed when the test ends.
func Start(t testing.TB, arguments ...string) *Service {
	t.Helper()
	service := &Service{
		t: t, Address: "127.0.0.1:0", arguments: arguments,
		database: filepath.Join(t.TempDir(), "service.db"),
	}
	service.Restart()
	t.Cleanup(func() {
		service.Kill()
		if t.Failed() {
			t.Log(service.said.String())
		}
	})
	return service
}

// Restart starts the program again after a Kill, at the same address and with the same database.
func (s *Service) Restart() {
	s.t.Helper()
	arguments := append([]string{
		"serve", "--listen=" + s.Address, "--ops-listen=127.0.0.1:0",
		"--allow-http", "--allow-network=127.0.0.0/8",
		"--database-url=sqlite://" + s.database + "?mode=rwc",
	}, s.arguments...)
	s.process = command(s.t, context.Background(), arguments...)
	s.process.Stderr = &s.said
	output, err := s.process.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(output).ReadString('\n')
		line <- text
	}()
	select {
	case text := <-line:
		words := strings.Fields(text)
		if len(words) == 0 {
			s.t.Fatal("the service ended before it served")
		}
		s.Address = words[len(words)-1]
	case <-time.After(Patience):
		s.t.Fatal("the service does not start")
	}
}

// Kill ends the program at once (SIGKILL).
func (s *Service) Kill() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

// NewToken makes a token of these roles for all accounts, in a new or existing file of tokens.
func NewToken(t testing.TB, tokensFile string, roles ...string) string {
	t.Helper()
	arguments := []string{"token", "new", "--name=" + strings.Join(roles, "-"), "--all-accounts",
		"--tokens-file=" + tokensFile}
	for _, role := range roles {
		arguments = append(arguments, "--role="+role)
	}
	output, err := command(t, t.Context(), arguments...).Output()
	token := regexp.MustCompile(`bwt_\S+`).FindString(string(output))
	if err != nil || token == "" {
		t.Fatalf("no token was made: %v", err)
	}
	return token
}

// Certificate is a file of those that the tests serve TLS with: server.pem, server.key, ca.pem.
func Certificate(t testing.TB, name string) string {
	t.Helper()
	folder := os.Getenv("BOOKORA_TEST_CERTIFICATES")
	if folder == "" {
		folder = filepath.Join(Root(), ".tools/certificates")
	}
	file := filepath.Join(folder, name)
	if _, err := os.Stat(file); err != nil {
		t.Fatalf("%v: run `make sdk-certificates`", err)
	}
	return file
}

func command(t testing.TB, ctx context.Context, arguments ...string) *exec.Cmd {
	t.Helper()
	program := os.Getenv("BOOKORA_WEBHOOKS_PROGRAM")
	if program == "" {
		program = filepath.Join(Root(), "target/debug/bookora-webhooks")
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("%v: run `make build`", err)
	}
	command := exec.CommandContext(ctx, program, arguments...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "BOOKORA_") {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(command.Env, "RUST_LOG=warn", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	return command
}
