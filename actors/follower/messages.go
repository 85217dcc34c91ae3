// Package follower is the actor of a server that follows a leader, for one reign:
// the shell around zab.Follower. An observer is a follower without a vote. It
// takes from sessions what a leader takes (package leader), and forwards it.
//
//	session --leader.Submit, Admit, Sync, Touch--> follower --> lane
//	peer    --role.Received, Lost--> follower --Commit, Attach, SyncPoint--> tree
//	follower --Append, Promise, Enter, Truncate--> txlog --Durable, Promised, Entered--> follower
package follower

// From its own goroutines: what stores a state.
type (
	// stored tells that a chunk is on disk, or all of them.
	stored struct {
		last bool
		err  error
	}
)

// To itself.
type (
	tick struct{}
)
