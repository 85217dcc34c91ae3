// Package leader is the actor that orders writes: the shell around
// cluster/zab.Leader, and the owner of what only a leader decides: which
// sessions exist and when they are over (cluster/expiry), session ids,
// generations of attachments, and what the sweep reaps.
//
//	session --Admit, Submit, Sync, Touch--> leader
//	leader  --Append--> txlog --Durable--> leader
//	leader  --Attach, Commit, SyncPoint, Sweep--> tree --Reapable--> leader
//
// A standalone server is an ensemble of one: this actor, a quorum of 1.
package leader
