// Package ceiling is the least that a server of the client protocol can do: it
// takes the handshake and the frames that a real one takes, and answers each
// with a reply of the size that a real one would send. It has no tree and
// no sessions. Reads are answered at once; writes are first put into a file that is
// full of zeros, with all that wait beside them, and synced. What the load generator
// gets out of it is the most that it could get out of any server on the same
// machine, disk and run.
//
// One goroutine per connection and no other: socket -> all frames that have
// come -> journal (append and fdatasync, shared by all who wait) -> one write
// with all replies. No actors and no hand-over between goroutines, but for the
// waiting of one that finds a sync under way.
//
// It keeps data watches, for what a notification costs at least: a write that sets the
// data of a watched path writes the event to one socket after the other once it is
// synced, before it is answered.
//
// The ceiling of an ensemble is one such server to which all clients talk, whose
// journal is kept by peers too (ServePeer), in processes of their own: a batch
// goes to all of them while it is appended and synced here, and is answered when a
// majority has synced it. Nothing is forwarded, ordered or applied.
package ceiling
