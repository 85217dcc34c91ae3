package replica

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"troupe/actors/config"
	"troupe/actors/follower"
	"troupe/actors/leader"
	"troupe/actors/link"
	"troupe/actors/peer"
	"troupe/cluster/zab"
	"troupe/persistence"
	"troupe/wire"
)

const (
	// windowBytes may be under way to a learner, keepBytes of records are kept in
	// memory for learners that are a little behind.
	windowBytes = 4 << 20
	keepBytes   = 16 << 20
	// gatherTimeout is how long who was elected waits for a quorum to come.
	gatherTimeout = time.Second
)

// membership is what the peer is made with.
func (r *Replica) membership(m *recovered, log *actor.PID) peer.Options {
	cfg := r.o.Config
	self, voters, counters := cfg.MyID, cfg.Voters(), &r.o.Metrics.Ensemble
	if !cfg.Ensemble() {
		self = max(self, 1) // Apache's standalone servers are number 1 in session ids, too
		voters = []wire.ServerID{self}
	}
	return peer.Options{Self: self, Voters: voters, Links: r.links(m), Log: log, Tail: m.tail,
		Committed: m.tree.Applied(), TrustEmpty: cfg.TrustEmpty, Logger: r.o.Log, Role: r.o.Metrics.SetRole,
		Elected: func(leader wire.ServerID) {
			counters.Leader.Store(int64(leader))
			if leader == 0 {
				counters.Elections.Add(1)
			}
		},
		Leader: leader.Options{Log: log, Tree: r.tree, TickTime: cfg.TickTime, SweepEvery: cfg.ContainerCheckInterval,
			SweepMax:       perSweep(cfg.ContainerMaxPerMinute, cfg.ContainerCheckInterval),
			SweepNeverUsed: cfg.ContainerMaxNeverUsedInterval, Logger: r.o.Log, Export: exporter(m),
			Proposed: func(entries []wire.Entry) {
				r.o.Metrics.Proposals.Add(int64(len(entries)))
				for i := range entries {
					counters.ProposalSize.Observe(len(entries[i].Data))
				}
			},
			Expired: func(n int) { r.o.Metrics.SessionsExpired.Add(int64(n)) },
			Followed: func(c zab.Census) {
				counters.Learners.Store(int64(c.Attached))
				counters.SyncedFollowers.Store(int64(c.Followers))
				counters.SyncedObservers.Store(int64(c.Observers))
				counters.PendingSyncs.Store(int64(c.Syncs))
			},
			Zab: zab.Options{Self: self, Voters: voters, Flags: flags(cfg), Ensemble: newEnsemble(),
				InitTimeout: ticks(cfg.InitLimit, cfg), GatherTimeout: gatherTimeout, SyncTimeout: ticks(cfg.SyncLimit, cfg),
				WindowBytes: windowBytes, KeepBytes: keepBytes, Observed: len(cfg.Observers()) > 0, LastCounter: r.o.LastCounter}},
		Follower: follower.Options{Log: log, Tree: r.tree, Logger: r.o.Log, Receive: r.receiver(m),
			Zab: zab.Membership{Self: self, Voter: !cfg.Observer(), InitTimeout: ticks(cfg.InitLimit, cfg)}}}
}

// ticks is a limit of the configuration.
func ticks(n int, cfg *config.Config) time.Duration { return time.Duration(max(n, 1)) * cfg.TickTime }

// newEnsemble draws an id, for the first leader of an ensemble that has none.
func newEnsemble() string {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// links are the options of the links to all others.
func (r *Replica) links(m *recovered) map[wire.ServerID]link.Options {
	if r.o.Network == nil {
		return nil
	}
	cfg := r.o.Config
	members := cfg.Members()
	// An id that was written before anything of its epoch was logged binds nobody:
	// whoever drew it may have been alone with it.
	ensemble := func() string {
		last := patientLog{m.log}.End()
		if _, current := m.log.Epochs(); last == 0 || last.Epoch() > current {
			return ""
		}
		return m.log.EnsembleID()
	}
	hello := func() wire.Hello {
		return wire.Hello{Server: cfg.MyID, Incarnation: r.o.Incarnation, Ensemble: ensemble(), Members: members,
			Record: wire.Versions{Low: 1, High: 1}, Eval: wire.Versions{Low: 1, High: wire.EvalVersion}}
	}
	check := func(h wire.Hello) error {
		if mine := ensemble(); mine != "" && h.Ensemble != "" && mine != h.Ensemble {
			return fmt.Errorf("server %d belongs to another ensemble: its id is %s, this one's %s", h.Server, h.Ensemble, mine)
		}
		return nil
	}
	all := make(map[wire.ServerID]link.Options)
	for _, s := range cfg.Others() {
		all[s.ID] = link.Options{Network: r.o.Network, Peer: s.ID, PeerTimeout: cfg.PeerTimeout, Hello: hello, Check: check, Log: r.o.Log}
	}
	return all
}

// exporter sends the last checkpoint, and keeps the log behind it.
func exporter(m *recovered) leader.Exporter {
	return func() (leader.Export, func(), error) {
		e, err := m.state.Export()
		if err != nil {
			return nil, nil, err
		}
		return e, m.log.Pin(e.Zxid()), nil
	}
}

// incoming finishes with what this server has promised. If the state is of
// before the end of the log, which goes with the old one, it does not vouch for
// what it had acknowledged until a leader has brought it up to date.
type incoming struct {
	*persistence.Incoming
	log  patientLog
	zxid wire.Zxid
}

// Finish implements follower.Incoming.
func (i incoming) Finish() error {
	accepted, current := i.log.Epochs()
	return i.Incoming.Finish(accepted, current, i.log.EnsembleID(), i.log.Vouches() && i.zxid >= i.log.End())
}

func (r *Replica) receiver(m *recovered) func(wire.Zxid, uint64) (follower.Incoming, error) {
	return func(z wire.Zxid, digest uint64) (follower.Incoming, error) {
		in, err := persistence.Receive(r.o.Config.DataDir, r.o.Config.DataLogDir, r.o.Persistence, z, digest)
		if err != nil {
			return nil, err
		}
		return incoming{in, patientLog{m.log}, z}, nil
	}
}

// flags are what records carry of this server's configuration.
func flags(cfg *config.Config) (f wire.RecordFlags) {
	if cfg.SkipACL {
		f |= wire.FlagSkipACL
	}
	if cfg.EnforceQuota {
		f |= wire.FlagEnforceQuota
	}
	if cfg.ExtendedTypes {
		f |= wire.FlagExtendedTypes
	}
	return f
}

// perSweep is how many nodes one sweep may reap.
func perSweep(perMinute int, every time.Duration) int {
	return max(1, int(float64(perMinute)*every.Minutes()))
}

// End is the last record's zxid, or the last that is no longer there.
func (l patientLog) End() wire.Zxid { return max(l.Last(), l.Low()) }
