package model

import (
	"fmt"

	"troupe/bench/load"
	"troupe/bench/sweep"
)

// Costs are what one operation takes of a system's servers: microseconds of
// processor time, and bytes on the wire.
type Costs struct {
	Target string
	// Read is for the server that answers.
	Read float64
	// Write is for the leader, its clients' share included; WritePeer in addition for each
	// server that it tells.
	Write, WritePeer float64
	// Follow is for each server that is told; FollowClient in addition for the one whose
	// client it was.
	Follow, FollowClient float64
	// ReadBytes and WriteBytes go between client and server, PeerBytes between leader and each
	// server that is told, there and back.
	ReadBytes, WriteBytes, PeerBytes float64
}

// Fit finds the costs of a target from a sweep, which needs shares of 0 and 100 %
// of reads on at least two sizes, one of them an ensemble.
func Fit(r *sweep.Report, target string) (Costs, error) {
	c := Costs{Target: target}
	var leaders, follows, wires line
	var reads, readBytes []float64
	for i := range r.Sizes {
		size := &r.Sizes[i]
		write, read := size.Series(0, target), size.Series(100, target)
		if write == nil || read == nil {
			continue
		}
		others := float64(size.Servers - 1)
		reads, readBytes = append(reads, read.Median.ServerCPU), append(readBytes, read.Median.WireBytes)
		m := &write.Median
		wires.add(others, m.WireBytes)
		if size.Servers == 1 {
			leaders.add(0, m.ServerCPU)
			continue
		}
		if m.LeaderCPU == 0 {
			return c, fmt.Errorf("%s, %d servers: what its leader used is not known", target, size.Servers)
		}
		leaders.add(others, m.LeaderCPU)
		follows.add(1/float64(size.Servers), (m.ServerCPU-m.LeaderCPU)/others)
	}
	if len(leaders.x) < 2 || len(follows.x) == 0 {
		return c, fmt.Errorf("%s: want 0 and 100 %% of reads on two sizes, one of them an ensemble", target)
	}
	c.Read, c.ReadBytes = load.Median(reads), load.Median(readBytes)
	c.Write, c.WritePeer = leaders.fit()
	c.Follow, c.FollowClient = follows.fit()
	c.WriteBytes, c.PeerBytes = wires.fit()
	return c, nil
}

// line is points through which a line is laid.
type line struct{ x, y []float64 }

func (l *line) add(x, y float64) { l.x, l.y = append(l.x, x), append(l.y, y) }

// fit is the line of least squares, neither of whose figures is negative: a cost
// is none.
func (l *line) fit() (at0, slope float64) {
	n := float64(len(l.x))
	var x, y, xx, xy float64
	for i := range l.x {
		x, y = x+l.x[i]/n, y+l.y[i]/n
	}
	for i := range l.x {
		xx, xy = xx+(l.x[i]-x)*(l.x[i]-x), xy+(l.x[i]-x)*(l.y[i]-y)
	}
	if xx > 0 {
		slope = max(xy/xx, 0)
	}
	if at0 = y - slope*x; at0 >= 0 {
		return at0, slope
	}
	var through, square float64 // the best line through 0
	for i := range l.x {
		through, square = through+l.x[i]*l.y[i], square+l.x[i]*l.x[i]
	}
	return 0, through / square
}
