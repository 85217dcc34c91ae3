package peer

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"troupe/actors/elector"
	"troupe/actors/follower"
	"troupe/actors/inject"
	"troupe/actors/leader"
	"troupe/actors/link"
	"troupe/actors/role"
	"troupe/actors/supervise"
	"troupe/actors/txlog"
	"troupe/cluster/zab"
	"troupe/wire"
)

// Options are what the actor is made with.
type Options struct {
	Self      wire.ServerID
	Voters    []wire.ServerID
	Links     map[wire.ServerID]link.Options // to all others, but for what happens on them
	Leader    leader.Options                 // but for what a reign brings
	Follower  follower.Options
	Log       *actor.PID
	Tail      []*zab.Batch // in the log, not applied
	Committed wire.Zxid    // applied
	// TrustEmpty lets this server vouch for a log that may have forgotten.
	TrustEmpty bool
	Logger     zerolog.Logger
	Role       func(mode string)   // told of "leader", "follower", "observer", "standalone", ""
	Elected    func(wire.ServerID) // told whom this server follows, 0 when it begins to look
}

// Pauses between reigns that serve nobody.
const (
	shortestPause = 20 * time.Millisecond
	longestPause  = 500 * time.Millisecond
)

// Peer is the actor.
type Peer struct {
	o         Options
	links     map[wire.ServerID]*actor.PID
	lanes     role.Lanes
	route     atomic.Pointer[actor.PID] // whom messages are for, for the links' goroutines; nil: the peer
	reachable map[wire.ServerID]bool
	told      map[wire.ServerID]*wire.Notification // by those
	elector   *actor.PID
	role      *actor.PID
	leader    wire.ServerID // of this reign, 0 while looking
	heardLead bool          // the leader has said that it leads
	serving   bool
	position  zab.Position
	held      map[wire.ServerID]*wire.FollowerInfo // joined before this server leads
	since     time.Time                            // it began to look; zero while it serves
	join      wire.Join                            // of the last attempt
	vain      int                                  // reigns in a row that have served nobody
	halted    bool
	retiring  bool
	retired   bool
}

// New makes the actor.
func New(o Options) *Peer {
	return &Peer{o: o, links: make(map[wire.ServerID]*actor.PID), lanes: make(role.Lanes),
		reachable: make(map[wire.ServerID]bool), told: make(map[wire.ServerID]*wire.Notification),
		held: make(map[wire.ServerID]*wire.FollowerInfo), position: zab.Position{Tail: o.Tail, Committed: o.Committed}}
}

// Receive implements actor.Actor.
func (p *Peer) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *heard:
		p.onHeard(c, m)
	case *up:
		p.reachable[m.peer] = true
		c.Send(p.elector, &elector.Up{Peer: m.peer})
	case *down:
		p.onDown(c, m)
	case *txlog.Flushed:
		p.onFlushed(c, m)
	case *elector.Elected:
		p.onElected(c, m)
	case *elector.Forsaken:
		if p.role != nil && m.By == p.leader {
			c.Send(p.role, &role.Lost{Peer: m.By})
		}
	case *role.Serving:
		p.onServing(c, m)
	case *role.Over:
		p.onOver(c, m)
	case *role.Replaced:
		c.Send(c.Parent(), &Rebuild{})
	case *again:
		p.settle(c)
	case *remind:
		p.onRemind(c, m)
	case *Retire:
		p.onRetire(c)
	case *supervise.Failed:
		panic(fmt.Errorf("%s failed: %v", m.Who.Id, m.Reason))
	case *actor.Started:
		p.onStarted(c)
	}
}

func (p *Peer) onStarted(c actor.Context) {
	self, root := c.Self(), c.ActorSystem().Root
	tell := func(m any) { root.Send(self, m) }
	for id, o := range p.o.Links {
		p.links[id] = p.spawnLink(c, id, o, tell)
	}
	p.elector = p.spawn(c, "elector", func() actor.Actor { return elector.New(p.o.Self, p.o.Voters, p.lanes) })
	p.settle(c)
}

func (p *Peer) spawnLink(c actor.Context, id wire.ServerID, o link.Options, tell func(any)) *actor.PID {
	o.Up = func(actor.Context, wire.Hello) { tell(&up{id}) }
	o.Down = func(_ actor.Context, why error) { tell(&down{id, why}) }
	root := c.ActorSystem().Root
	o.Deliver = func(b []byte) error {
		m, err := wire.UnpackPeer(b)
		if err != nil {
			return err
		}
		role := p.route.Load()
		if _, notified := m.(*wire.Notification); notified || role == nil {
			tell(&heard{id, m})
		} else {
			root.Send(role, received(id, m))
		}
		return nil
	}
	p.lanes[id] = o.Network.Lane(id)
	return p.spawn(c, "link", func() actor.Actor { return link.New(o) })
}

func (p *Peer) spawn(c actor.Context, kind string, producer actor.Producer) *actor.PID {
	return c.SpawnPrefix(supervise.Props(p.o.Logger, kind, producer), kind)
}

// settle waits until all that was written is on disk, to begin from there.
func (p *Peer) settle(c actor.Context) {
	if p.since.IsZero() {
		p.since = time.Now()
		p.remindLater(c, firstReminder)
	}
	p.o.Elected(0)
	c.Request(p.o.Log, &txlog.Flush{})
}

// onFlushed looks for a leader, with what is on disk.
func (p *Peer) onFlushed(c actor.Context, m *txlog.Flushed) {
	if p.retired {
		return
	}
	p.position.Accepted, p.position.Current, p.position.Last = m.Accepted, m.Current, m.Last
	p.position.Ends, p.position.Ensemble = m.Ends, m.Ensemble
	p.position.Founded = m.Vouches
	// One that has entered an epoch and logged nothing has forgotten nothing.
	begun := m.Current > 0 && m.Last == 0
	p.position.Blank = !m.Vouches && !begun && !p.o.TrustEmpty
	c.Send(p.elector, &elector.Look{Credentials: p.position.Credentials(), Barred: p.position.NeedState})
}

// onElected begins a reign.
func (p *Peer) onElected(c actor.Context, m *elector.Elected) {
	if p.retiring {
		p.retire(c)
		return
	}
	p.leader, p.heardLead = m.Leader, false
	p.o.Elected(m.Leader)
	if m.Leader == p.o.Self {
		o := p.o.Leader
		o.Position, o.Lanes = p.position, p.lanes
		p.role = p.spawn(c, "leader", func() actor.Actor { return leader.New(o) })
	} else {
		o := p.o.Follower
		o.Position, o.Lanes = p.position, p.lanes
		o.Zab.Leader, o.Zab.Join = m.Leader, p.nextJoin()
		p.role = p.spawn(c, "follower", func() actor.Actor { return follower.New(o) })
		if !p.reachable[m.Leader] {
			c.Send(p.role, &role.Lost{Peer: m.Leader})
		}
	}
	for from, info := range p.held {
		p.onHeard(c, &heard{from, info})
	}
	clear(p.held)
	// What has come to the peer until now is passed on, and may arrive behind what
	// comes later; that is why the leader knows old attempts by their number.
	p.route.Store(p.role)
}

func received(from wire.ServerID, m wire.PeerMessage) *role.Received {
	return &role.Received{From: from, Message: m}
}

// nextJoin numbers this server's attempts to join a leader, upwards.
func (p *Peer) nextJoin() wire.Join {
	p.join = max(p.join+1, wire.Join(inject.Wall().UnixNano()))
	return p.join
}

// onHeard passes on what another server says. Who wants to join is heard when it
// is settled who leads.
func (p *Peer) onHeard(c actor.Context, m *heard) {
	switch q := m.message.(type) {
	case *wire.Notification:
		c.Send(p.elector, &elector.Heard{From: m.from, What: q})
		p.onNotification(c, m.from, q)
		return
	case *wire.Leave:
		if info := p.held[m.from]; info != nil && info.Join <= q.Join {
			delete(p.held, m.from)
		}
	case *wire.FollowerInfo:
		switch {
		case p.role == nil && !p.halted:
			p.held[m.from] = q
			return
		case p.role == nil:
			p.send(c, m.from, &wire.Leave{Join: q.Join, Why: "it does not lead"})
			return
		}
	}
	if p.role != nil {
		c.Send(p.role, received(m.from, m.message))
	}
}

// onNotification leaves a leader that says it does not lead, or not any more: it
// may never have heard of this server.
func (p *Peer) onNotification(c actor.Context, from wire.ServerID, n *wire.Notification) {
	p.told[from] = n
	if p.role == nil || from != p.leader {
		return
	}
	if n.State == wire.Leading {
		p.heardLead = true
	} else if p.heardLead || n.Leader != from {
		c.Send(p.role, &role.Lost{Peer: from})
	}
}

func (p *Peer) send(c actor.Context, to wire.ServerID, m wire.PeerMessage) {
	role.NewMail(p.lanes).SendNow(c, to, m)
}

func (p *Peer) onDown(c actor.Context, m *down) {
	delete(p.reachable, m.peer)
	delete(p.told, m.peer)
	delete(p.held, m.peer)
	c.Send(p.elector, &elector.Down{Peer: m.peer})
	if p.role != nil {
		c.Send(p.role, &role.Lost{Peer: m.peer})
	}
}

// onServing tells that the reign has begun for clients.
func (p *Peer) onServing(c actor.Context, m *role.Serving) {
	if p.role == nil || !m.Role.Equal(p.role) {
		return
	}
	p.position.NeedState = false
	mode := p.mode()
	p.o.Role(mode)
	if !p.serving {
		p.o.Logger.Info().Str("mode", mode).Uint8("leader", uint8(p.leader)).Uint32("epoch", uint32(m.Credentials.Current)).
			Dur("took_ms", time.Since(p.since)).Msg("the ensemble has a leader, clients are served")
	}
	p.serving, p.since = true, time.Time{}
	c.Send(p.elector, &elector.Has{Credentials: m.Credentials})
	c.Send(c.Parent(), &Serving{Role: m.Role})
}

func (p *Peer) mode() string {
	switch {
	case len(p.o.Links) == 0:
		return "standalone"
	case p.leader == p.o.Self:
		return "leader"
	case !p.o.Follower.Zab.Voter:
		return "observer"
	}
	return "follower"
}

// onOver ends a reign and goes back to looking.
func (p *Peer) onOver(c actor.Context, m *role.Over) {
	if p.role == nil || !m.Role.Equal(p.role) {
		return
	}
	c.Stop(p.role)
	e := p.o.Logger.Info()
	if m.NeedState || m.Halt {
		e = p.o.Logger.Error()
	}
	e.Str("role", p.mode()).Str("why", m.Why).Msg("the reign is over for this server")
	p.role, p.leader = nil, 0
	p.route.Store(nil)
	p.position.Tail, p.position.Committed = m.Tail, m.Applied
	p.position.NeedState = p.position.NeedState || m.NeedState
	if p.serving {
		p.serving, p.vain = false, 0
		p.o.Role("")
		c.Send(c.Parent(), &Suspended{})
	}
	switch {
	case p.retiring:
		p.retire(c)
	case m.Halt:
		p.halted = true
		p.o.Logger.Error().Str("why", m.Why).Msg("nobody serves until an operator has decided whose tree is right: " +
			"compare the servers, move the data of the wrong ones away and start them again")
	default:
		p.lookAgain(c)
	}
}

// lookAgain looks for a leader at once; but if reigns end before they have served
// anybody, which they would do at the speed of the disk where they cannot succeed,
// with pauses between them.
func (p *Peer) lookAgain(c actor.Context) {
	pause := time.Duration(0)
	if p.vain++; p.vain > 1 {
		pause = min(shortestPause<<(p.vain-2), longestPause)
	}
	if pause == 0 {
		p.settle(c)
		return
	}
	self, root := c.Self(), c.ActorSystem().Root
	time.AfterFunc(pause, func() { root.Send(self, &again{}) })
}

// onRetire hands leadership over before this server goes.
func (p *Peer) onRetire(c actor.Context) {
	p.retiring = true
	if p.role == nil {
		p.retire(c)
		return
	}
	c.Send(p.role, &role.Retire{})
}

// retire says goodbye to everybody.
func (p *Peer) retire(c actor.Context) {
	if p.retired {
		return
	}
	p.retired = true
	for _, l := range p.links {
		c.Send(l, &link.Goodbye{})
	}
	c.Send(c.Parent(), &Retired{})
}
