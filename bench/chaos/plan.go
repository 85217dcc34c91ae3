package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"troupe/bench/process"
)

// Fault is what happens to an ensemble.
type Fault string

// The faults. All but the restarts last for a while and are then repaired.
const (
	KillLeader      Fault = "kill-leader"
	KillFollower    Fault = "kill-follower"
	KillAll         Fault = "kill-all"
	StopLeader      Fault = "stop-leader"
	PauseLeader     Fault = "pause-leader"
	PauseFollower   Fault = "pause-follower"
	IsolateLeader   Fault = "isolate-leader"
	IsolateFollower Fault = "isolate-follower"
	DeafLeader      Fault = "deaf-leader"
	MuteLeader      Fault = "mute-leader"
	WipeFollower    Fault = "wipe-follower"
	RollingRestart  Fault = "rolling-restart"
)

// FaultInfo is a fault and what it does.
type FaultInfo struct {
	Fault Fault
	Does  string
}

// Faults are all of them.
var Faults = []FaultInfo{
	{KillLeader, "SIGKILL for the leader; it is started again"},
	{KillFollower, "SIGKILL for a follower; it is started again"},
	{KillAll, "SIGKILL for all servers at once; they are started again"},
	{StopLeader, "SIGTERM for the leader; it is started again"},
	{PauseLeader, "SIGSTOP for the leader: it keeps its connections and says nothing; SIGCONT"},
	{PauseFollower, "SIGSTOP for a follower; SIGCONT"},
	{IsolateLeader, "what the leader sends to other servers is lost, and what they send to it; troupe only"},
	{IsolateFollower, "the same for a follower; troupe only"},
	{DeafLeader, "the leader is heard by others and hears nothing; troupe only"},
	{MuteLeader, "the leader hears others and is not heard; troupe only"},
	{WipeFollower, "SIGKILL for a follower, which is started again without its data"},
	{RollingRestart, "SIGTERM for one server after the other, each started again before the next"},
}

// cuts tells whether a fault needs links that can be cut.
func (f Fault) cuts() bool {
	return slices.Contains([]Fault{IsolateLeader, IsolateFollower, DeafLeader, MuteLeader}, f)
}

// pauses tells whether a fault stops processes for a while.
func (f Fault) pauses() bool { return f == PauseLeader || f == PauseFollower }

// ends tells whether processes end by a fault, and are not started again by it.
func (f Fault) ends() bool { return !f.cuts() && !f.pauses() && f != RollingRestart }

// Step is one fault of a plan.
type Step struct {
	Fault Fault
	// Calm is how long the ensemble is let be before, Lasts how long the fault lasts.
	Calm, Lasts time.Duration
	// Victim picks one of the servers that are in the role the fault is for.
	Victim int
}

// Bounds of a step's times.
const (
	shortestCalm, longestCalm = 500 * time.Millisecond, 2 * time.Second
	shortest, longest         = 200 * time.Millisecond, 4 * time.Second
)

// plan makes up the steps of a run. The same seed, faults and time make the same.
func plan(seed uint64, faults []Fault, span time.Duration) (steps []Step) {
	rnd := rand.New(rand.NewPCG(seed, 0))
	between := func(low, high time.Duration) time.Duration {
		return (low + time.Duration(rnd.Int64N(int64(high-low)))).Truncate(time.Millisecond)
	}
	for at := time.Duration(0); at < span; {
		s := Step{Fault: faults[rnd.IntN(len(faults))], Calm: between(shortestCalm, longestCalm),
			Lasts: between(shortest, longest), Victim: rnd.IntN(1 << 10)}
		steps = append(steps, s)
		at += s.Calm + s.Lasts
	}
	return steps
}

// knownFault refuses what is none.
func knownFault(f Fault) error {
	for _, k := range Faults {
		if k.Fault == f {
			return nil
		}
	}
	return fmt.Errorf("fault %q: there is no such one, see --list", f)
}

// Possible tells whether a fault can be done to a kind of ensemble.
func Possible(f Fault, target string) bool { return target == string(process.Troupe) || !f.cuts() }
