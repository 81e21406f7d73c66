package webhooks_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	webhooks "github.com/bookora/webhooks/sdk/go"
	"github.com/bookora/webhooks/sdk/go/internal/stage"
	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

// shown is a block of README.md that is marked example=<name>.
func shown(t *testing.T, name string) string {
	t.Helper()
	readme := string(must(os.ReadFile("README.md"))(t))
	found := regexp.MustCompile("(?s)```go example=" + name + "\n(.*?)```").FindStringSubmatch(readme)
	if found == nil {
		t.Fatalf("README.md has no block marked example=%s", name)
	}
	return found[1]
}

// published is the SDK's module as a proxy serves it, taken from there into a module cache of its own.
// It gives the environment that a user's go command has.
func publishedModule(t *testing.T) []string {
	t.Helper()
	proxy := filepath.Join(t.TempDir(), "proxy")
	cache := filepath.Join(stage.Root(), ".tools/sdk-go/modules")
	if err := os.RemoveAll(filepath.Join(cache, "github.com/bookora")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(cache, "cache/download/github.com/bookora")); err != nil {
		t.Fatal(err)
	}
	run(t, "tools", nil, "go", "run", ".", must(filepath.Abs("."))(t), "v"+webhooks.Version, proxy)
	downloaded := strings.TrimSpace(run(t, ".", nil, "go", "env", "GOMODCACHE"))
	return []string{
		"GOMODCACHE=" + cache, "GOFLAGS=-modcacherw", "GONOSUMDB=github.com/bookora/*", "GOWORK=off",
		"GOPROXY=file://" + proxy + ",file://" + downloaded + "/cache/download,https://proxy.golang.org",
	}
}

func run(t *testing.T, folder string, environment []string, command string, arguments ...string) string {
	t.Helper()
	process := exec.CommandContext(patient(t), command, arguments...)
	process.Dir = folder
	process.Env = append(os.Environ(), environment...)
	var failures strings.Builder
	process.Stderr = &failures
	output, err := process.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", command, arguments, err, failures.String())
	}
	return string(output)
}

func TestTheREADMEsLinesRunAgainstTheModuleAsItIsPublished(t *testing.T) {
	t.Parallel()
	service := stage.Start(t)
	folder := t.TempDir()
	imports := strings.Replace(shown(t, "imports"), "import (", "import (\n\t\"context\"\n\t\"fmt\"\n\t\"log\"\n", 1)
	lines := strings.ReplaceAll(shown(t, "publish"), "127.0.0.1:50051", service.Address)
	program := "package main\n\n" + imports + "\nfunc main() {\n\tctx := context.Background()\n" + lines + "}\n"
	handler := "package main\n\nimport (\n\t\"fmt\"\n\t\"net/http\"\n\n\t\"github.com/bookora/webhooks/sdk/go/receiver\"\n)\n\n" +
		"var secrets []string\n\nvar _ http.HandlerFunc = func(writer http.ResponseWriter, request *http.Request) {\n" +
		shown(t, "receive") + "}\n"
	for name, text := range map[string]string{
		"main.go": program, "handler.go": handler, "go.mod": "module example.com/caller\n\ngo 1.26.0\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	environment := publishedModule(t)
	run(t, folder, environment, "go", "get", "github.com/bookora/webhooks/sdk/go@v"+webhooks.Version)
	eventID := strings.TrimSpace(run(t, folder, environment, "go", "run", "."))
	event := must(connect(t, service.Address).DeliveryQuery.GetEvent(patient(t),
		&webhooksv1.GetEventRequest{AccountId: "acct_1", EventId: eventID}))(t)
	if event.GetEvent().GetIdempotencyKey() != "cus_1 created" {
		t.Errorf("the event is %v", event)
	}
}

func TestTheReceiverBringsNoGRPCAlong(t *testing.T) {
	t.Parallel()
	for dependency := range strings.FieldsSeq(run(t, ".", nil, "go", "list", "-deps", "./receiver")) {
		if first, _, _ := strings.Cut(dependency, "/"); strings.Contains(first, ".") &&
			dependency != "github.com/bookora/webhooks/sdk/go/receiver" {
			t.Errorf("the receiver imports %s", dependency)
		}
	}
}
