// The Go parts of a campaign, by the Go SDK: `campaign publish|receive|watch CAST NOTES`. What they do is
// told in the files of the same name in Python, beside this folder.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"sync"
	"time"
)

// cast is what campaign.py wrote.
type cast struct {
	Seed      int64          `json:"seed"`
	Replicas  []string       `json:"replicas"`
	Accounts  map[string]int `json:"accounts"`
	Kinds     map[string]int `json:"kinds"`
	Endpoints []struct {
		Name    string   `json:"name"`
		Secrets []string `json:"secrets"`
	} `json:"endpoints"`
}

// journal is a file of notes, one line of JSON each.
type journal struct {
	lock sync.Mutex
	file *os.File
}

func (j *journal) note(what map[string]any) {
	what["t"] = float64(time.Now().UnixMicro()) / 1e6
	line, err := json.Marshal(what)
	if err != nil {
		log.Fatal(err)
	}
	j.lock.Lock()
	defer j.lock.Unlock()
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		log.Fatal(err)
	}
}

func main() {
	roles := map[string]func(cast, *journal){"publish": publish, "receive": receive, "watch": watch}
	if len(os.Args) != 4 || roles[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "campaign publish|receive|watch CAST NOTES")
		os.Exit(2)
	}
	text, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	var read cast
	if err := json.Unmarshal(text, &read); err != nil {
		log.Fatal(err)
	}
	file, err := os.OpenFile(os.Args[3], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	roles[os.Args[1]](read, &journal{file: file})
}
