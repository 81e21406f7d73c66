package webhooks_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bookora/webhooks/sdk/go/internal/stage"
	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

// exampleReceiver starts the program of examples/go as it says, and gives its URL and its lines.
func exampleReceiver(t *testing.T, secrets string) (url string, lines chan string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "receiver")
	run(t, filepath.Join(stage.Root(), "examples/go"), nil, "go", "build", "-o", program, ".")
	process := exec.Command(program)
	process.Env = append(os.Environ(), "BOOKORA_WEBHOOK_SECRET="+secrets, "PORT=0")
	output := must(process.StdoutPipe())(t)
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})
	lines = make(chan string, 64)
	go func() {
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			lines <- scanner.Text()
		}
		close(lines)
	}()
	words := strings.Fields(nextLine(t, lines))
	return "http://127.0.0.1:" + words[len(words)-1] + "/hooks", lines
}

func nextLine(t *testing.T, lines chan string) string {
	t.Helper()
	select {
	case line, is := <-lines:
		if !is {
			t.Fatal("the example has ended")
		}
		return line
	case <-time.After(stage.Patience):
		t.Fatal("the example prints nothing")
	}
	return ""
}

func TestTheExampleReceiverTakesRealDeliveriesOnceAndRefusesForgedOnes(t *testing.T) {
	t.Parallel()
	client := connect(t, stage.Start(t).Address)
	const mine, other = "a-secret-of-the-receiver-1", "another-secret-of-the-receiver"
	url, lines := exampleReceiver(t, other+" "+mine)
	secret := mine
	created := must(client.EndpointAdmin.CreateEndpoint(patient(t), &webhooksv1.CreateEndpointRequest{
		Endpoint: &webhooksv1.Endpoint{AccountId: account, Url: url}, Secret: &secret}))(t)

	forged := must(http.NewRequestWithContext(patient(t), http.MethodPost, url, strings.NewReader("{}")))(t)
	forged.Header.Set("webhook-id", "evt_1")
	forged.Header.Set("webhook-timestamp", fmt.Sprint(time.Now().Unix()))
	forged.Header.Set("webhook-signature", "v1,AAAA")
	answer := must(http.DefaultClient.Do(forged))(t)
	answer.Body.Close()
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("a forged request is answered %s", answer.Status)
	}

	c := &contract{Client: client, endpoint: created.GetEndpoint()}
	first := must(client.Publish(patient(t), booking(account, "bkg_1")))(t)
	delivery := c.awaitState(t, first.GetEventId(), succeeded)
	must(client.EndpointAdmin.ResendDelivery(patient(t), &webhooksv1.ResendDeliveryRequest{
		AccountId: account, DeliveryId: delivery.GetDeliveryId()}))(t)
	if again := c.awaitState(t, first.GetEventId(), succeeded); again.GetAttemptCount() != 2 {
		t.Errorf("it was sent %d times", again.GetAttemptCount())
	}
	second := must(client.Publish(patient(t), booking(account, "bkg_2")))(t)
	for _, published := range []*webhooksv1.PublishEventResponse{first, second} {
		want := fmt.Sprintf("booking.created %s: Zoë Baker has booked Massage", published.GetEventId())
		if line := nextLine(t, lines); !strings.HasPrefix(line, want) {
			t.Errorf("the example prints %q, not %q", line, want)
		}
	}
}
