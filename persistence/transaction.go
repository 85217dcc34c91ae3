package persistence

import "github.com/syndtr/goleveldb/leveldb"

// transaction writes more than goes into memory, whole or not at all. It has the
// database's one place for writers until commit or discard.
type transaction struct {
	d    *database
	tr   *leveldb.Transaction
	over bool
}

// begin opens a transaction. Like commit it refuses everything after one failure.
func (d *database) begin() (*transaction, error) {
	if err := d.enter(); err != nil {
		return nil, err
	}
	err := d.failure()
	if err == nil {
		var tr *leveldb.Transaction
		if tr, err = d.ldb.OpenTransaction(); err == nil {
			return &transaction{d: d, tr: tr}, nil
		}
		d.fall(err)
		err = d.failure()
	}
	d.leave()
	return nil, err
}

// fall ends writing. LevelDB leaves a transaction that fails to begin or to commit
// with locks that its Close waits for, after it has told its compactions to end;
// nobody waits for that.
func (d *database) fall(err error) {
	d.disk.fail(err)
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.stuck {
		d.stuck = true
		go func() { _ = d.ldb.Close() }()
	}
}

func (t *transaction) write(b *leveldb.Batch) error {
	if err := t.tr.Write(b, nil); err != nil {
		t.d.disk.fail(err)
		return t.d.failure()
	}
	return nil
}

// commit ends it. LevelDB would try for seconds where it fails.
func (t *transaction) commit() error {
	done := make(chan error, 1)
	go func() { done <- t.tr.Commit() }()
	var err error
	select {
	case err = <-done:
	case <-t.d.disk.failed.happened():
		err = t.d.disk.failure()
	}
	if t.over = true; err != nil {
		t.d.fall(err)
		err = t.d.failure()
	}
	t.d.leave()
	return err
}

// discard gives up what was not committed.
func (t *transaction) discard() {
	if !t.over {
		t.over = true
		t.tr.Discard()
		t.d.leave()
	}
}
