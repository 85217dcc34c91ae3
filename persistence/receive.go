package persistence

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/syndtr/goleveldb/leveldb"

	"troupe/wire"
)

// Incoming is a state that is being received from another member, beside the
// one in use. It is for one goroutine at a time, and belongs to whoever has the
// pair in use open (Open): that keeps other processes out, and the next Open
// removes what was not finished. It is ended by Finish, or else by Abort.
type Incoming struct {
	home     home
	pair     pair
	o        Options
	state    *State // nil once closed
	zxid     wire.Zxid
	digest   uint64
	number   uint32 // of the next chunk
	after    []byte // the last key
	complete bool   // the last chunk is here
	received int64
	switched bool // Finish has got so far that nothing may be taken back
}

// Receive begins to receive the state at zxid, with that digest of its tree,
// which is stored as it is.
func Receive(dataDir, dataLogDir string, o Options, zxid wire.Zxid, digest uint64) (*Incoming, error) {
	h := homeOf(dataDir, dataLogDir, o.Files)
	p, err := h.free()
	if err != nil {
		return nil, err
	}
	o.NoSync = false // what the switch relies on is durable, whatever the rest is
	s, err := OpenState(h.directories(p).State, o)
	if err != nil {
		return nil, err
	}
	return &Incoming{home: h, pair: p, o: o, state: s, zxid: zxid, digest: digest}, nil
}

// free is a pair that has no directories, while one is in use.
func (h home) free() (p pair, err error) {
	used, _, err := h.inUse()
	if err != nil {
		return 0, err
	}
	err = h.eachKind(func(kind, dir string, found map[pair]bool) error {
		if !found[used] {
			return fmt.Errorf("receive a state: %s is not there, to be replaced", filepath.Join(dir, used.name(kind)))
		}
		for q := range found {
			p = max(p, q+1)
		}
		return nil
	})
	return p, err
}

// Put stores the next chunk of an Export; it is synced when this returns.
func (in *Incoming) Put(chunk []byte) error {
	p, err := decodeChunk(chunk)
	switch {
	case err != nil:
		return fmt.Errorf("receive a state: %w", err)
	case in.state == nil || in.complete || p.number != in.number:
		return fmt.Errorf("receive a state: %w", badBytes("chunk %d where %d was due", p.number, in.number))
	}
	last, err := in.state.put(p, in.after)
	if err != nil {
		return fmt.Errorf("receive a state: %w", err)
	}
	in.after = append(in.after[:0], last...)
	in.number, in.complete = in.number+1, p.last
	in.received += int64(len(chunk))
	return nil
}

// Received is the number of bytes in chunks so far.
func (in *Incoming) Received() int64 { return in.received }

// Finish makes what was received the state in use from the next Open on,
// together with an empty log that begins behind its zxid, all of it committed,
// and has these epochs and this ensemble; vouches is what it will answer to
// Vouches. All of this becomes durable at once. Whatever Finish returns,
// nothing more may be acknowledged from the old log: after an error, only the
// next Open tells which pair is in use.
func (in *Incoming) Finish(accepted, current wire.Epoch, ensemble string, vouches bool) error {
	if in.state == nil || !in.complete {
		return errors.New("switch to a received state: its last chunk is missing")
	}
	err := in.state.stand(in.zxid, in.digest)
	if err = errors.Join(err, in.closeState()); err != nil {
		return err
	}
	begin := beginning{in.zxid, accepted, current, ensemble, vouchNot}
	if vouches {
		begin.vouch = vouchAll
	}
	if err := beginLog(in.home.directories(in.pair).Log, in.o, begin); err != nil {
		return err
	}
	in.switched = true
	if err := in.home.use(in.pair); err != nil {
		return fmt.Errorf("switch to a received state: %w", err)
	}
	return nil
}

// beginning is what a log knows that begins in the middle.
type beginning struct {
	low               wire.Zxid
	accepted, current wire.Epoch
	ensemble          string
	vouch             vouch
}

// beginLog creates the log in dir.
func beginLog(dir string, o Options, begin beginning) error {
	l, _, err := OpenLog(dir, o)
	if err != nil {
		return err
	}
	b := new(leveldb.Batch)
	b.Put(keyLow, encodePlace(place{zxid: begin.low}))
	b.Put(keyCommitted, encodeZxid(begin.low))
	b.Put(keyAccepted, encodeEpoch(begin.accepted))
	b.Put(keyCurrent, encodeEpoch(begin.current))
	b.Put(keyEnsemble, []byte(begin.ensemble))
	b.Put(keyVouches, []byte{byte(begin.vouch)})
	return errors.Join(l.db.commit(b), l.Close())
}

// use switches to p, which is all there, at one stroke: the renaming.
func (h home) use(p pair) error {
	for _, dir := range []string{h.data, h.log} {
		if err := h.files.SyncDir(dir); err != nil {
			return err
		}
	}
	temp := filepath.Join(h.data, currentTemp)
	if err := h.files.WriteFile(temp, encodeCurrent(p)); err != nil {
		return err
	}
	if err := h.files.RenameFile(temp, h.current()); err != nil {
		return err
	}
	return h.files.SyncDir(h.data)
}

func (in *Incoming) closeState() error {
	if in.state == nil {
		return nil
	}
	err := in.state.Close()
	in.state = nil
	return err
}

// Abort removes what was received, unless Finish got so far that the next Open
// has to say which pair is in use.
func (in *Incoming) Abort() error {
	if in.switched {
		return nil
	}
	err := in.closeState()
	d := in.home.directories(in.pair)
	return errors.Join(err, in.home.files.RemoveAll(d.State), in.home.files.RemoveAll(d.Log),
		in.home.files.SyncDir(in.home.data), in.home.files.SyncDir(in.home.log))
}
