package wire

// Stat is what a client learns about a znode besides its data. Times are
// milliseconds since 1970.
type Stat struct {
	Czxid, Mzxid   Zxid
	Ctime, Mtime   int64
	Version        int32
	Cversion       int32
	Aversion       int32
	EphemeralOwner SessionID // 0 but for ephemerals
	DataLength     int32
	NumChildren    int32
	Pzxid          Zxid
}

// StatSize is the length of an encoded Stat in bytes.
const StatSize = 68

// Stat appends s.
func (e *Encoder) Stat(s *Stat) {
	e.Int64(int64(s.Czxid))
	e.Int64(int64(s.Mzxid))
	e.Int64(s.Ctime)
	e.Int64(s.Mtime)
	e.Int32(s.Version)
	e.Int32(s.Cversion)
	e.Int32(s.Aversion)
	e.Int64(int64(s.EphemeralOwner))
	e.Int32(s.DataLength)
	e.Int32(s.NumChildren)
	e.Int64(int64(s.Pzxid))
}

// Stat reads a Stat.
func (d *Decoder) Stat() (s Stat) {
	s.Czxid, s.Mzxid = Zxid(d.Int64()), Zxid(d.Int64())
	s.Ctime, s.Mtime = d.Int64(), d.Int64()
	s.Version, s.Cversion, s.Aversion = d.Int32(), d.Int32(), d.Int32()
	s.EphemeralOwner = SessionID(d.Int64())
	s.DataLength, s.NumChildren = d.Int32(), d.Int32()
	s.Pzxid = Zxid(d.Int64())
	return s
}
