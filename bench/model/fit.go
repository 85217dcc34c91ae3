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

// Fit finds the costs of a target at one share of reads, in percent, from a sweep, which
// needs that share and reads only on at least two sizes, one of them an ensemble. They
// are other costs at other shares: fewer writes go together where they come between reads.
func Fit(r *sweep.Report, target string, percent int) (Costs, error) {
	c := Costs{Target: target}
	var leaders, follows, wires line
	var reads, readBytes []float64
	for i := range r.Sizes {
		if read := r.Sizes[i].Series(100, target); read != nil {
			reads, readBytes = append(reads, read.Median.ServerCPU), append(readBytes, read.Median.WireBytes)
		}
	}
	c.Read, c.ReadBytes = load.Median(reads), load.Median(readBytes)
	share := float64(percent) / 100
	for i := range r.Sizes {
		size := &r.Sizes[i]
		mixed, servers, others := size.Series(percent, target), float64(size.Servers), float64(size.Servers-1)
		if mixed == nil {
			continue
		}
		m := &mixed.Median
		of := func(all, reads float64) float64 { return (all - share*reads) / (1 - share) } // the writes' part, of each
		wires.add(others, of(m.WireBytes, c.ReadBytes))
		if size.Servers == 1 {
			leaders.add(0, of(m.ServerCPU, c.Read))
			continue
		}
		if m.LeaderCPU == 0 {
			return c, fmt.Errorf("%s, %d servers: what its leader used is not known", target, size.Servers)
		}
		leaders.add(others, of(m.LeaderCPU, c.Read/servers))
		follows.add(1/servers, of((m.ServerCPU-m.LeaderCPU)/others, c.Read/servers))
	}
	if len(reads) < 2 || len(leaders.x) < 2 || len(follows.x) == 0 || percent >= 100 {
		return c, fmt.Errorf("%s: want %d %% of reads, with writes, and reads only on two sizes, one of them an ensemble", target, percent)
	}
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
