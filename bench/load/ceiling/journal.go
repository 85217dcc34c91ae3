package ceiling

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

const (
	journalName = "journal"
	journalSize = 64 << 20 // bytes, behind which the next begin at the front again
)

// journal appends to a file with group commit: who comes while a sync is under
// way waits for its end, and the first of those then syncs for all of them. The file
// is full of zeros before: so no sync has to write more than the data, neither a length
// nor where new blocks are.
type journal struct {
	file  *os.File
	end   int64  // of what was written last; its owner is whoever syncs
	peers *peers // that keep it too; nil for a server alone

	mu      sync.Mutex
	waiting *batch // what the next sync will carry
	spare   []byte // the buffer of the batch before
	syncing bool
}

// batch is what one sync makes durable.
type batch struct {
	buf  []byte
	lead chan struct{} // holds a token when one of those who wait has to sync
	done chan struct{} // closed when the batch is durable, or err says why not
	err  error
}

func newBatch(buf []byte) *batch {
	return &batch{buf: buf[:0], lead: make(chan struct{}, 1), done: make(chan struct{})}
}

func openJournal(dir string) (*journal, error) {
	f, err := os.Create(filepath.Join(dir, journalName))
	if err != nil {
		return nil, err
	}
	if _, err = f.Write(make([]byte, journalSize)); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("fill journal: %w", err), f.Close())
	}
	return &journal{file: f, waiting: newBatch(nil)}, nil
}

// commit returns when p is durable.
func (j *journal) commit(p []byte) error {
	j.mu.Lock()
	b := j.waiting
	b.buf = append(b.buf, p...)
	leads := !j.syncing
	j.syncing = true
	j.mu.Unlock()
	if !leads {
		select {
		case <-b.done:
			return b.err
		case <-b.lead:
		}
	}
	j.sync(b)
	return b.err
}

// sync makes what waits durable, and has one of those who came meanwhile go on.
func (j *journal) sync(b *batch) {
	j.mu.Lock()
	j.waiting, j.spare = newBatch(j.spare), nil
	j.mu.Unlock()
	b.err = j.replicate(b.buf)
	close(b.done)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.spare = b.buf
	if len(j.waiting.buf) > 0 {
		j.waiting.lead <- struct{}{}
	} else {
		j.syncing = false
	}
}

// replicate writes here and, at the same time, at the peers.
func (j *journal) replicate(p []byte) error {
	if j.peers == nil {
		return j.write(p)
	}
	if err := j.peers.send(p); err != nil {
		return err
	}
	if err := j.write(p); err != nil {
		return err
	}
	return j.peers.wait()
}

func (j *journal) write(p []byte) error {
	if j.end+int64(len(p)) > journalSize {
		j.end = 0
	}
	n, err := j.file.WriteAt(p, j.end)
	j.end += int64(n)
	if err == nil {
		err = datasync(j.file)
	}
	if err != nil {
		return fmt.Errorf("append to journal: %w", err)
	}
	return nil
}
