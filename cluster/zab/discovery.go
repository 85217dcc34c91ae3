package zab

import (
	"fmt"
	"slices"

	"troupe/wire"
)

// onFollowerInfo takes a learner, or takes it anew.
func (l *Leader) onFollowerInfo(from wire.ServerID, m *wire.FollowerInfo, out []Effect) []Effect {
	if l.phase == retiring {
		return l.onGone(from, append(out, Send{from, &wire.Leave{Join: m.Join, Why: "the leader is stopping"}}))
	}
	if l.learners[from] == nil {
		l.order = append(l.order, from)
	}
	n := &learner{id: from, join: m.Join, voter: l.isVoter(from), blank: m.Blank, info: m, heard: l.now, answered: l.now}
	l.learners[from] = n
	l.progress = l.now
	switch {
	case n.voter && l.pos.Blank && !n.blank && l.phase < broadcasting && !l.barren():
		return l.over(Over{Why: fmt.Sprintf("server %d has data, this one has none", from)}, out)
	case l.phase == gathering:
		return l.gather(out)
	case l.phase == discovering && n.voter && m.Accepted >= l.epoch:
		return l.propose(m.Accepted+1, out) // it could not promise this one any more
	case l.phase < broadcasting && !l.supported(true, everyone):
		return l.keepQuorum(out) // blank ones count no more, since this one has something
	case m.Accepted > l.epoch && (n.voter || m.Accepted > l.step || m.Current > l.epoch):
		// also if it is the step's: perhaps somebody else was promised it, too, or has begun it
		return l.over(Over{Why: fmt.Sprintf("server %d has promised epoch %d, this reign is of %d", from, m.Accepted, l.epoch)}, out)
	}
	return append(out, Send{from, &wire.NewEpoch{Join: n.join, Epoch: l.highest()}})
}

// highest is the epoch that a learner is to promise: a step under way counts.
func (l *Leader) highest() wire.Epoch { return max(l.epoch, l.step) }

// gather proposes an epoch once a quorum has come.
func (l *Leader) gather(out []Effect) []Effect {
	if !l.supported(true, everyone) {
		return out
	}
	highest := max(l.pos.Accepted, l.pos.Current, l.pos.Last.Epoch())
	for _, n := range l.learners {
		highest = max(highest, n.info.Accepted, n.info.Current, n.info.Last.Epoch())
	}
	return l.propose(highest+1, out)
}

// propose asks everybody, the own disk too, to promise an epoch.
func (l *Leader) propose(e wire.Epoch, out []Effect) []Effect {
	l.phase, l.epoch, l.promised, l.entered = discovering, e, false, false
	out = append(out, Promise{e})
	for _, id := range l.order {
		n := l.learners[id]
		n.stage, n.promised = joined, false
		out = append(out, Send{id, &wire.NewEpoch{Join: n.join, Epoch: e}})
	}
	return out
}

func (l *Leader) onPromised(e wire.Epoch, out []Effect) []Effect {
	if l.step != 0 && e == l.step {
		l.stepped[l.o.Self] = true
		return l.stepEpoch(out)
	}
	if e != l.epoch {
		return out
	}
	l.promised = true
	return l.discovered(out)
}

// onAckEpoch counts a promise. That of somebody whose history is ahead does not
// count: where it is needed, somebody else must lead. Where it is not, a quorum
// shows that nothing of what is ahead was committed.
func (l *Leader) onAckEpoch(n *learner, m *wire.AckEpoch, out []Effect) []Effect {
	if l.phase == gathering {
		return out // nothing has been asked yet
	}
	switch {
	case n.stage != joined:
		return out
	case m.Epoch != l.highest():
		if l.phase >= synchronizing { // the epoch was stepped meanwhile
			out = append(out, Send{n.id, &wire.NewEpoch{Join: n.join, Epoch: l.highest()}})
		}
		return out
	}
	n.ahead = l.phase == discovering && n.voter && l.counts(n) && less(l.pos.Credentials(), m.Credentials)
	if n.ahead && !l.supported(true, func(n *learner) bool { return !n.ahead }) {
		return l.over(Over{Why: fmt.Sprintf("server %d has more history", n.id)}, out)
	}
	n.stage, n.promised = promised, m.Fresh && !n.ahead
	if l.phase == discovering {
		return l.discovered(out)
	}
	out = l.synchronize(n, out)
	if m.Fresh && l.step != 0 && m.Epoch == l.step && n.voter {
		l.stepped[n.id] = true
		out = l.stepEpoch(out)
	}
	return out
}

// discovered begins to synchronize once a quorum has promised.
func (l *Leader) discovered(out []Effect) []Effect {
	if l.phase != discovering || !l.supported(l.promised, func(n *learner) bool { return n.promised }) {
		return out
	}
	l.phase = synchronizing
	l.name()
	out = append(out, Enter{l.epoch, l.pos.Ensemble, l.pos.Founded})
	for _, id := range slices.Clone(l.order) {
		if n := l.learners[id]; n != nil && n.stage == promised && l.phase != ended {
			out = l.synchronize(n, out)
		}
	}
	return out
}

// name settles the ensemble's id: that of the newest epoch which somebody founded
// has entered, or a new one. Records are proposed only when a quorum is founded,
// and every later quorum has somebody of that one, so no two ids ever have records;
// who was founded alone, in a first start that came to nothing, takes the new one.
func (l *Leader) name() {
	newest := l.pos.Credentials()
	if !l.pos.Founded {
		newest, l.pos.Ensemble = wire.Credentials{}, ""
	}
	for _, id := range l.order {
		if n := l.learners[id]; n.voter && n.info.Founded && (!newest.Founded || n.info.Current > newest.Current) {
			newest, l.pos.Ensemble = n.info.Credentials, n.info.Ensemble
		}
	}
	if l.pos.Ensemble == "" {
		l.pos.Ensemble = l.o.Ensemble
	}
}

// synchronize fixes what a learner has to get before it is a follower, and the
// epoch that it enters with that, since a step may come in between, and begins to
// feed it, in one step: whatever is proposed later comes behind. An observer is
// told of nothing before a quorum has it.
func (l *Leader) synchronize(n *learner, out []Effect) []Effect {
	if !n.voter && l.phase < broadcasting {
		return out
	}
	if n.info.Committed > l.proposed {
		out = append(out, Send{n.id, &wire.Leave{Join: n.join,
			Why: fmt.Sprintf("it has committed %v, the leader's history ends at %v", n.info.Committed, l.proposed)}})
		return l.onGone(n.id, out)
	}
	out = l.seal(out) // or it would wait for what may wait for this learner
	n.stage, n.syncPoint, n.enters, n.answered = syncing, l.proposed, l.epoch, l.now
	if !n.voter {
		n.syncPoint = max(l.committed, l.begins)
	}
	n.cursor = common(l.ends, n.info.Ends, n.info.Committed)
	n.excess = n.cursor < n.info.Last
	n.told = n.info.Committed
	return l.feed(n, out)
}

func (l *Leader) transfer(n *learner, out []Effect) []Effect {
	if n.transferring {
		return out
	}
	n.transferring = true
	return append(out, Transfer{n.id, n.join})
}

func (l *Leader) onAckNewLeader(n *learner, m *wire.AckNewLeader, out []Effect) []Effect {
	if m.Founded {
		n.founded = true
		out = l.onFounded(out)
	}
	if n.stage != syncing || !n.newLeader || m.Zxid < n.syncPoint {
		return out
	}
	n.stage, n.acked = synced, max(n.acked, m.Zxid)
	n.acknowledge(m.Zxid, l.now)
	if l.phase == synchronizing {
		return l.establish(out)
	}
	return l.advance(l.admit(n, out))
}

// establish begins to broadcast once a quorum has this history: all of it is
// committed then.
func (l *Leader) establish(out []Effect) []Effect {
	if l.phase != synchronizing || !l.supported(l.entered, func(n *learner) bool { return n.stage == synced }) {
		return out
	}
	l.phase, l.committed = broadcasting, l.pos.Last
	l.founded = l.pos.Founded
	l.founding = !l.isFounded()
	if !l.pos.Founded {
		l.pos.Founded, l.pos.Blank = true, false
		out = append(out, Enter{l.epoch, l.pos.Ensemble, true})
	}
	out = l.apply(out)
	for _, id := range slices.Clone(l.order) {
		n := l.learners[id]
		switch {
		case n == nil:
		case n.stage == synced:
			out = l.admit(n, out)
		case n.stage == promised && !n.voter:
			out = l.synchronize(n, out)
		}
	}
	return append(out, Serve{l.epoch})
}

// onEntered notes what the own disk has: the epoch, later that this server is
// part of a reign with a quorum.
func (l *Leader) onEntered(out []Effect) []Effect {
	if l.phase < broadcasting {
		l.entered = true
		return l.establish(out)
	}
	l.founded = true
	return l.onFounded(out)
}

// isFounded tells whether a quorum is founded, durably.
func (l *Leader) isFounded() bool {
	founded := map[wire.ServerID]bool{l.o.Self: l.founded}
	for id, n := range l.learners {
		founded[id] = n.founded
	}
	return l.quorum.Won(founded)
}

// onFounded lets requests go on once a quorum is founded. Were any acknowledged
// before, those who know of it and those who can vouch for it might be too few
// after a crash.
func (l *Leader) onFounded(out []Effect) []Effect {
	if !l.founding || !l.isFounded() {
		return out
	}
	l.founding = false
	return l.release(out)
}

// admit lets a learner serve. It has what the quorum has now, and counts. One
// whose tree is not to be trusted gets the state instead, now that the state has
// all that its log may have been needed for.
func (l *Leader) admit(n *learner, out []Effect) []Effect {
	if n.info.NeedState {
		return l.transfer(n, out)
	}
	n.stage, n.blank, n.told = serving, false, l.committed
	out = append(out, Joined{n.id, n.join, n.info.Attached}, Send{n.id, &wire.UpToDate{Join: n.join, Committed: l.committed}})
	if l.asking && n.voter {
		out = append(out, Send{n.id, &wire.Confirm{Join: n.join, Round: l.round}})
	}
	if l.step != 0 && !l.stepped[n.id] {
		out = append(out, Send{n.id, &wire.StepEpoch{Join: n.join, Epoch: l.step}})
	}
	return out
}
