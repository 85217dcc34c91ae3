package persistence

import (
	"errors"
	"fmt"
)

// Open opens the state and the log in use, or creates them; r is about the log.
// Data of an Apache ZooKeeper is refused (ForeignData). States and logs that
// are not in use, as a state transfer leaves them, are removed.
func Open(dataDir, dataLogDir string, o Options) (s *State, l *Log, r Recovery, err error) {
	if err := ForeignData(dataDir, dataLogDir); err != nil {
		return nil, nil, Recovery{}, err
	}
	h := homeOf(dataDir, dataLogDir, o.Files)
	p, named, err := h.inUse()
	if err != nil {
		return nil, nil, Recovery{}, err
	}
	if named {
		// It may have been switched by a run that was killed before it synced
		// that. Nothing may be acknowledged in directories that nothing names.
		if err := h.files.SyncDir(h.data); err != nil {
			return nil, nil, Recovery{}, fmt.Errorf("sync data directory %s: %w", h.data, err)
		}
	}
	d := h.directories(p)
	if s, err = OpenState(d.State, o); err != nil {
		return nil, nil, Recovery{}, err
	}
	if l, r, err = OpenLog(d.Log, o); err != nil {
		return nil, nil, Recovery{}, errors.Join(err, s.Close())
	}
	if err := h.settle(p); err != nil {
		return nil, nil, Recovery{}, errors.Join(err, l.Close(), s.Close())
	}
	return s, l, r, nil
}

// settle removes what is not in use, now that p is locked. Another process may
// have had it before, and have gone on to another pair.
func (h home) settle(p pair) error {
	now, _, err := h.inUse()
	if err != nil {
		return err
	}
	if now != p {
		return errInUse(h.data, fmt.Errorf("file %s was changed meanwhile", h.current()))
	}
	return h.clear(p)
}
