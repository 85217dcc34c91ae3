// Package wire is the vocabulary of Troupe and every encoding of it.
//
// Here live the field's own types (Zxid, Epoch, SessionID, Stat, ACL, OpCode,
// ErrorCode, path rules), the client protocol in ZooKeeper's jute encoding
// (both directions: the server decodes requests and encodes replies, the
// client of bench/client does the reverse), and in msgpack the records that
// are logged, the znode values that are checkpointed and, later, what peers
// tell each other.
//
// Nothing here does I/O, keeps time or decides anything. Every other package
// may import wire; wire imports the standard library and msgpack only.
//
// Every decoder treats its input as hostile. A length is compared with the
// bytes that are left before anything is allocated for it, so decoding a frame
// never allocates more than a small multiple of the frame. Decoded byte slices
// are views into the frame: whoever keeps one for longer copies it.
package wire
