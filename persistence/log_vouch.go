package persistence

import (
	"errors"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/storage"

	"troupe/wire"
)

// vouch is whether a log holds all that its owner ever acknowledged.
type vouch byte

const (
	vouchUnsaid vouch = iota // never said: a log with records is a standalone server's, and whole
	vouchNot
	vouchAll
)

func decodeVouch(v []byte) (vouch, error) {
	switch {
	case v == nil:
		return vouchUnsaid, nil
	case len(v) == 1 && vouch(v[0]) <= vouchAll:
		return vouch(v[0]), nil
	}
	return vouchUnsaid, badBytes("%x where 01 or 02 was due", v)
}

// Vouches tells whether this log holds all that its owner ever acknowledged,
// as far as that can be known. It does not when the log was begun empty, or cut
// by damage (TailSuspect, at whatever opening that was), and no epoch has been
// entered since; a standalone server, which enters none, vouches for its
// records.
func (l *Log) Vouches() bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.vouch == vouchAll || l.vouch == vouchUnsaid && l.last.zxid > 0
}

// Enter stores that the epoch was entered, in the ensemble of that name, and
// that the log vouches from now on; it is synced, whole or not at all, when
// this returns.
func (l *Log) Enter(e wire.Epoch, ensemble string) error {
	l.write.Lock()
	defer l.write.Unlock()
	l.reset()
	l.batch.Put(keyCurrent, encodeEpoch(e))
	l.batch.Put(keyEnsemble, []byte(ensemble))
	l.batch.Put(keyVouches, []byte{byte(vouchAll)})
	return l.publish(func() { l.current, l.ensemble, l.vouch = e, ensemble, vouchAll })
}

// markSuspect is an empty file beside LevelDB's, which lets it be. It bridges
// the time from when LevelDB drops a suspect tail to when the log's meta data
// says so: a crash between the two must not make the log look whole.
var markSuspect = storage.FileDesc{Type: storage.TypeTemp, Num: 0}

// raiseSuspicion writes the mark, and finds one that was left.
func (d *database) raiseSuspicion() error {
	fds, err := d.disk.List(storage.TypeTemp)
	if err != nil {
		return err
	}
	for _, fd := range fds {
		d.suspect = d.suspect || fd == markSuspect
	}
	if d.suspect || d.end.tail != TailSuspect {
		return nil
	}
	w, err := d.disk.Create(markSuspect)
	if err != nil {
		return err
	}
	d.suspect = true
	return w.Close()
}

// settleSuspicion moves what the mark says into the meta data.
func (l *Log) settleSuspicion() error {
	var suspects []*database
	for _, db := range l.written() {
		if db.suspect {
			suspects = append(suspects, db)
		}
	}
	if len(suspects) == 0 {
		return nil
	}
	b := new(leveldb.Batch)
	b.Put(keyVouches, []byte{byte(vouchNot)})
	if err := l.db.commit(b); err != nil {
		return err
	}
	l.vouch = vouchNot
	var err error
	for _, db := range suspects {
		// Were it to come back, it would undo a later Enter.
		err = errors.Join(err, db.disk.Remove(markSuspect), db.disk.syncDir())
	}
	return err
}
