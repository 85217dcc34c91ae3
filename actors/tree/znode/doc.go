// Package znode is the tree of znodes and the rules by which records change
// it: plain data and functions, no actor, clock, disk or randomness.
//
// Apply is two halves. Evaluate works out what a record would do, against a
// View, and changes nothing; a multi sees its own earlier operations through a
// private overlay. Perform makes the changes of a Txn and cannot fail. The same
// record on the same tree gives the same Txn on every server, since all that is
// not deterministic (time, identities, configuration) travels in the record.
//
// A znode's stored value (wire.Znode) is immutable: a change replaces it. So
// replies and checkpoints hold values while the tree goes on. Children are an
// index beside the values.
//
// The tree also keeps what belongs to the replicated state: the table of
// sessions with their ephemerals, an incremental digest of everything, and the
// set of paths that changed since the last checkpoint.
//
// Watches are not here (package watch), nor is anything about connections.
package znode
