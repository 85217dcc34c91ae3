// Package sim runs the ensemble's real machines (election.Elector, zab.Leader and
// zab.Follower, sessions.Table, znode.Tree) on several servers over a network, disks
// and clocks of its own making, with clients, and with faults: everything that
// happens is drawn from a seed, so that what a seed finds can be seen again.
//
//	world     time, chance, the events to come              sim.go
//	pair      two servers' link: in order, or broken        net.go
//	disk      what is synced, what is lost in a crash       disk.go
//	node      a server's shell around the machines          node.go, role.go, state.go
//	conn      a client's connection, as its server sees it  serve.go
//	client    what programs do                              client.go, watch.go
//	faults    what goes wrong, and when                     faults.go
//	scenes    beginnings and accidents of special seeds     scene.go
//	chain     what has been committed; the invariants       check.go
//	mutant    known bugs, put in to show that they are seen mutate.go
//
// Checked after every step: one leader per epoch; all apply the same records; what
// was acknowledged is in every later leader's history; nobody applies, or
// acknowledges, what is not on its disk; a log has what its leader's has; epochs on
// disk never go back. Of clients: sync and read is linearizable, writes commit in the
// order they were sent, whichever connection they came by, nothing is answered
// twice, no session is over while its client was heard of, and whoever watches is told
// of a change before anything shows it. At the end, with all
// faults gone: one leader, equal trees, no sessions or ephemerals but of those who
// live.
//
// There is no goroutine, actor, file or clock in it.
package sim
