package persistence

import "troupe/wire"

// SetCommitted stores the last zxid known committed, as a clean shutdown does;
// while records come in, they carry it. It never goes back.
func (l *Log) SetCommitted(z wire.Zxid) error {
	l.write.Lock()
	defer l.write.Unlock()
	if z <= l.Committed() {
		return nil
	}
	return l.set(keyCommitted, encodeZxid(z), func() { l.committed = z })
}

// Epochs are the epoch this member last promised itself to, and the one whose
// leader it last followed or was.
func (l *Log) Epochs() (accepted, current wire.Epoch) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.accepted, l.current
}

// SetAcceptedEpoch stores the epoch promised; it is synced when this returns.
// An empty log becomes that of a member with it, whose records are not its own
// until it has entered an epoch, so what it does not vouch for is stored too.
func (l *Log) SetAcceptedEpoch(e wire.Epoch) error {
	l.write.Lock()
	defer l.write.Unlock()
	l.reset()
	l.batch.Put(keyAccepted, encodeEpoch(e))
	vouch := l.vouch
	if vouch == vouchUnsaid && l.bounds().last.zxid == 0 {
		vouch = vouchNot
		l.batch.Put(keyVouches, []byte{byte(vouch)})
	}
	return l.publish(func() { l.accepted, l.vouch = e, vouch })
}

// SetCurrentEpoch stores the epoch entered; it is synced when this returns.
func (l *Log) SetCurrentEpoch(e wire.Epoch) error {
	l.write.Lock()
	defer l.write.Unlock()
	return l.set(keyCurrent, encodeEpoch(e), func() { l.current = e })
}

// EnsembleID names the ensemble this log belongs to, "" for none yet.
func (l *Log) EnsembleID() string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.ensemble
}

// SetEnsembleID stores the ensemble's name; it is synced when this returns.
func (l *Log) SetEnsembleID(id string) error {
	l.write.Lock()
	defer l.write.Unlock()
	return l.set(keyEnsemble, []byte(id), func() { l.ensemble = id })
}

// set writes one meta key, and publishes it once it is durable.
func (l *Log) set(key, value []byte, publish func()) error {
	l.reset()
	l.batch.Put(key, value)
	return l.publish(publish)
}

// publish writes the batch, and lets publish tell of it once it is durable.
func (l *Log) publish(publish func()) error {
	if err := l.db.commit(l.batch); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	publish()
	return nil
}
