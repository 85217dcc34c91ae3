package model

import "time"

// Machine is what each server has to itself.
type Machine struct {
	Cores     float64       // as fast as those of the sweep
	Bytes     float64       // a second, out of one server
	Sync      time.Duration // of the disk
	RoundTrip time.Duration // between two servers
}

// Stated is the hardware of the tables: what the paper's servers had, two cores
// and gigabit Ethernet, and a disk that syncs in a millisecond. Its cores are those
// of the sweep, which are faster.
var Stated = Machine{Cores: 2, Bytes: 125e6, Sync: time.Millisecond, RoundTrip: 200 * time.Microsecond}

// StatedOutstanding is how many requests the clients of the tables keep under way:
// the paper's, 250 with up to 100 each, were never the limit.
const StatedOutstanding = 25_000

// Ensemble is a prediction's ensemble and what it is asked for.
type Ensemble struct {
	Voters, Observers int
	Reads             float64 // share of operations, 0 to 1
	Outstanding       int     // requests of all clients together
}

// Limit is what gives out first.
type Limit string

// The limits.
const (
	Leader  Limit = "leader's cores"
	Others  Limit = "other servers' cores"
	Network Limit = "leader's network"
	Waiting Limit = "requests outstanding"
)

// Predict is the operations per second that an ensemble does, and what limits it.
// Clients are spread evenly over all servers.
func (c *Costs) Predict(e Ensemble, m Machine) (rate float64, by Limit) {
	servers := float64(e.Voters + e.Observers)
	told := servers - 1
	w, r := 1-e.Reads, e.Reads/servers
	const micros = 1e6
	leader := w*(c.Write+c.WritePeer*told) + r*c.Read
	rate, by = m.Cores*micros/leader, Leader
	least := func(limit float64, of Limit) {
		if limit < rate {
			rate, by = limit, of
		}
	}
	if told > 0 {
		least(m.Cores*micros/(w*(c.Follow+c.FollowClient/servers)+r*c.Read), Others)
	}
	least(m.Bytes/(w*(c.WriteBytes/servers+c.PeerBytes*told)+r*c.ReadBytes), Network)
	if wait := w * (m.Sync + 2*m.RoundTrip).Seconds(); wait > 0 && told > 0 { // to the leader, to the others and back
		least(float64(e.Outstanding)/wait, Waiting)
	} else if wait := w * m.Sync.Seconds(); wait > 0 {
		least(float64(e.Outstanding)/wait, Waiting)
	}
	return rate, by
}

// Together is the processor time in microseconds that all servers of an ensemble
// without observers spend on an operation.
func (c *Costs) Together(voters int, reads float64) float64 {
	told := float64(voters - 1)
	follow := 0.0
	if voters > 1 {
		follow = c.Follow + c.FollowClient/float64(voters)
	}
	return (1-reads)*(c.Write+(c.WritePeer+follow)*told) + reads*c.Read
}
