package chaos

import (
	"fmt"
	"slices"
	"syscall"
	"time"

	"troupe/bench/process"
	"troupe/bench/process/lan"
)

// Fault is what happens to an ensemble.
type Fault string

// The faults. Most last for a while and are then repaired.
const (
	KillLeader      Fault = "kill-leader"
	KillFollower    Fault = "kill-follower"
	KillAll         Fault = "kill-all"
	StopLeader      Fault = "stop-leader"
	PauseLeader     Fault = "pause-leader"
	PauseFollower   Fault = "pause-follower"
	PauseAll        Fault = "pause-all"
	IsolateLeader   Fault = "isolate-leader"
	IsolateFollower Fault = "isolate-follower"
	IsolateMinority Fault = "isolate-minority"
	IsolateMajority Fault = "isolate-majority"
	Bridge          Fault = "bridge"
	DeafLeader      Fault = "deaf-leader"
	MuteLeader      Fault = "mute-leader"
	Flapping        Fault = "flapping"
	Delay           Fault = "delay"
	LateLink        Fault = "late-link"
	Loss            Fault = "loss"
	WipeFollower    Fault = "wipe-follower"
	TearFollower    Fault = "tear-follower"
	FlipFollower    Fault = "flip-follower"
	OlderFirst      Fault = "older-first"
	NewestFirst     Fault = "newest-first"
	RollingRestart  Fault = "rolling-restart"
	DiskSlow        Fault = "disk-slow"
	DiskFull        Fault = "disk-full"
	DiskError       Fault = "disk-error"
	LoseUnsynced    Fault = "lose-unsynced"
	ClockForward    Fault = "clock-forward"
	ClockBack       Fault = "clock-back"
	PanicActor      Fault = "panic-actor"
	DelayActor      Fault = "delay-actor"
	DropMessages    Fault = "drop-messages"
)

// FaultInfo is a fault and what it does.
type FaultInfo struct {
	Fault Fault
	Does  string
	needs need
	is    trait
	// strike does it, and notes in the scene what repairs it.
	strike func(*scene) error
}

// trait is what else there is to know of a fault.
type trait int

const (
	// alone: nothing else may go wrong meanwhile, since a server has forgotten what
	// it acknowledged, or all of them are hit anyway.
	alone trait = 1 << iota
	// total: no server can do anything while it lasts.
	total
	// pauses: a process goes on later.
	pauses
	// silent: servers hear nothing from each other, and are not told so.
	silent
)

// has tells whether a fault has a trait.
func (f *FaultInfo) has(t trait) bool { return f.is&t != 0 }

// need is what an ensemble has to have for a fault.
type need int

const (
	nothing need = iota
	cuts         // links that can be cut
	network      // a network of its own, where packets can be late or lost
	ours         // files that are known here
	inside       // servers that take commands, see process.Injectable
)

// Faults are all of them.
var Faults = []FaultInfo{
	{KillLeader, "SIGKILL for the leader; it is started again", nothing, 0, end(leader, syscall.SIGKILL)},
	{KillFollower, "SIGKILL for a follower; it is started again", nothing, 0, end(follower, syscall.SIGKILL)},
	{KillAll, "SIGKILL for all servers at once; they are started again", nothing, alone | total, end(everybody, syscall.SIGKILL)},
	{StopLeader, "SIGTERM for the leader; it is started again", nothing, 0, end(leader, syscall.SIGTERM)},
	{PauseLeader, "SIGSTOP for the leader: it keeps its connections and says nothing; SIGCONT", nothing, pauses, pause(leader)},
	{PauseFollower, "SIGSTOP for a follower; SIGCONT", nothing, pauses, pause(follower)},
	{PauseAll, "SIGSTOP for all servers; SIGCONT", nothing, alone | total | pauses, pause(everybody)},
	{IsolateLeader, "what the leader sends to other servers is lost, and what they send to it", cuts, silent, cut(leader, both)},
	{IsolateFollower, "the same for a follower", cuts, silent, cut(follower, both)},
	{IsolateMinority, "the same for as many followers as the others can do without", cuts, silent, cut(minority, both)},
	{IsolateMajority, "the same for all but the leader and as few others as are no quorum", cuts, silent, cut(majority, both)},
	{Bridge, "two halves of the ensemble hear each other no more, one server hears both", cuts, silent, bridge},
	{DeafLeader, "the leader is heard by others and hears nothing", cuts, silent, cut(leader, in)},
	{MuteLeader, "the leader hears others and is not heard", cuts, silent, cut(leader, out)},
	{Flapping, "a server is cut off and found again, several times a second", cuts, 0, flap},
	{Delay, "all packets between servers are 10 to 100 ms late", network, 0, worsen(everybody, slow)},
	{LateLink, "what the leader sends to one follower is 0.2 to 2 s late", network, 0, lateLink},
	{Loss, "5 to 30 % of all packets between servers are lost", network, 0, worsen(everybody, lossy)},
	{WipeFollower, "SIGKILL for a follower, which is started again without its data", nothing, alone, wipe},
	{TearFollower, "SIGKILL for a follower, the end of whose log is torn off before it is started again", ours, alone, damage(tear)},
	{FlipFollower, "SIGKILL for a follower, a bit of whose files is flipped; if it refuses to start, it is started without its data", ours, alone, damage(flip)},
	{OlderFirst, "SIGKILL for a follower, later for all others; the follower is started before them", nothing, alone, order(true)},
	{NewestFirst, "the same; the follower is started after them", nothing, alone, order(false)},
	{RollingRestart, "SIGTERM for one server after the other, each started again before the next", nothing, alone, roll},
	{DiskSlow, "each sync of a server's disk takes 20 to 500 ms longer", inside, 0, inject(someone, slowDisk, diskOK)},
	{DiskFull, "nothing more fits on a server's disk; it is started again if it ends", inside, 0, inject(someone, always("disk full"), diskOK)},
	{DiskError, "syncs of a server's disk fail; it is started again when it has ended", inside, 0, inject(someone, always("disk error"), diskOK)},
	{LoseUnsynced, "the power of some or all servers fails, and with it goes what was not synced; they are started again", inside, alone, losePower},
	{ClockForward, "the wall clock of a server jumps forward, by up to two days, and later back", inside, 0, inject(someone, jump("+"), clockOK)},
	{ClockBack, "the wall clock of a server jumps back, and later forward", inside, 0, inject(someone, jump("-"), clockOK)},
	{PanicActor, "an actor of a server panics", inside, 0, inject(someone, panics, "")},
	{DelayActor, "each message to an actor of a server takes 1 to 200 ms longer, for a second", inside, 0, inject(someone, delays, "")},
	{DropMessages, "1 to 20 frames from other servers are lost on their way into a server", inside, 0, inject(someone, drops, "")},
}

// info is what there is to know of a fault; nil if there is no such one.
func (f Fault) info() *FaultInfo {
	for i := range Faults {
		if Faults[i].Fault == f {
			return &Faults[i]
		}
	}
	return nil
}

// Network says how the servers of a run reach each other.
type Network string

// The networks.
const (
	Loopback Network = "loopback" // of this machine
	Proxies  Network = "proxies"  // on loopback, which can be cut
	LAN      Network = "lan"      // of their own, see package lan
)

// Impossible says why a fault can't be done to a kind of ensemble; nil if it can.
func Impossible(f Fault, target string, n Network) error {
	info := f.info()
	switch {
	case info == nil:
		return fmt.Errorf("fault %q: there is no such one, see --list", f)
	case info.needs == ours && target != string(process.Troupe):
		return fmt.Errorf("fault %s: it knows Troupe's files only", f)
	case info.needs == inside && target != string(process.Troupe):
		return fmt.Errorf("fault %s: only Troupe's servers take commands that hurt them", f)
	case info.needs == network && n != LAN:
		return fmt.Errorf("fault %s: packets are late or lost only in a network of the servers' own", f)
	case info.needs == cuts && n == Proxies && target != string(process.Troupe):
		return fmt.Errorf("fault %s: Apache's servers do not find together again through proxies", f)
	case info.needs == cuts && n == Loopback:
		return fmt.Errorf("fault %s: loopback cannot be cut", f)
	}
	return nil
}

// Impossible says why a fault can't be done in a run; nil if it can.
func (o *Options) Impossible(f Fault) error {
	if err := Impossible(f, o.Target, o.Network); err != nil || f.info().needs != inside {
		return err
	}
	if err := process.Injectable(o.Binary); err != nil {
		return fmt.Errorf("fault %s: %w", f, err)
	}
	return nil
}

// who picks servers to be hit.
type who func(*scene) []int

func leader(s *scene) []int { return []int{s.leader} }

func everybody(s *scene) (all []int) {
	for i := range s.Servers {
		all = append(all, i)
	}
	return all
}

// followers are all of them, in an order by chance.
func followers(s *scene) []int {
	all := slices.DeleteFunc(everybody(s), func(i int) bool { return i == s.leader })
	s.rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func follower(s *scene) []int { return followers(s)[:1] }

func minority(s *scene) []int { return followers(s)[:(len(s.Servers)-1)/2] }

func majority(s *scene) []int { return followers(s)[:len(s.Servers)/2+1] }

// someone is a server that nothing else has happened to, if there is one.
func someone(s *scene) []int {
	fresh := slices.DeleteFunc(everybody(s), func(i int) bool { return slices.Contains(s.hit, i) })
	if len(fresh) == 0 {
		fresh = everybody(s)
	}
	return []int{fresh[s.rnd.IntN(len(fresh))]}
}

// some are one server, or more, or all.
func some(s *scene) []int { return s.rnd.Perm(len(s.Servers))[:1+s.rnd.IntN(len(s.Servers))] }

// both, in and out are which paths are cut between some servers and all others.
var both, in, out = [2]bool{true, true}, [2]bool{true, false}, [2]bool{false, true}

func slow(s *scene) lan.Path {
	d := s.between(10*time.Millisecond, 100*time.Millisecond)
	return lan.Path{Delay: d, Jitter: d / 2}
}

func lossy(s *scene) lan.Path { return lan.Path{Loss: 0.05 + 0.25*s.rnd.Float64()} }
