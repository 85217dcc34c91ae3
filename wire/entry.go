package wire

// Entry is one record of the log: its zxid and its encoded bytes. It is what
// is appended, read back and sent to a member that is behind.
type Entry struct {
	Zxid Zxid
	Data []byte
}
