package main

import "sync"

// memory remembers the ids of the last events, as many as it is made for. A real receiver keeps them where
// it keeps what it did with the events, so that a restart forgets none.
type memory struct {
	mutex sync.Mutex
	seen  map[string]bool
	order []string
	next  int
}

func newMemory(size int) *memory {
	return &memory{seen: map[string]bool{}, order: make([]string, size)}
}

func (m *memory) isNew(id string) bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.seen[id] {
		return false
	}
	delete(m.seen, m.order[m.next])
	m.seen[id], m.order[m.next] = true, id
	m.next = (m.next + 1) % len(m.order)
	return true
}
