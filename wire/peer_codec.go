package wire

import "fmt"

// coder walks over a message's fields, to pack them or to unpack them: each
// message says its fields once.
type coder struct {
	p *Packer   // packs if not nil
	u *unpacker // unpacks otherwise
}

func number[T ~uint8 | ~uint32 | ~uint64](c *coder, v *T) {
	if c.p != nil {
		c.p.uint(uint64(*v))
		return
	}
	*v = T(c.u.uint(uint64(^T(0))))
}

func signed[T ~int32 | ~int64](c *coder, v *T) {
	if c.p != nil {
		c.p.int(int64(*v))
		return
	}
	if n := c.u.int64(); int64(T(n)) == n {
		*v = T(n)
	} else {
		c.fail(fmt.Errorf("number %d does not fit", n))
	}
}

func (c *coder) fail(err error) {
	if c.u != nil {
		c.u.fail(err)
	}
}

func (c *coder) bool(v *bool) {
	var n uint8
	if *v {
		n = 1
	}
	number(c, &n)
	*v = n != 0
}

func (c *coder) text(v *string) {
	if c.p != nil {
		c.p.string(*v)
		return
	}
	*v = c.u.string()
}

func (c *coder) bytes(v *[]byte) {
	if c.p != nil {
		c.p.bytes(*v)
		return
	}
	*v = c.u.bytes()
}

// list walks over a slice, whose elements take at least min bytes each.
func list[T any](c *coder, v *[]T, min int, each func(*T)) {
	if c.p != nil {
		c.p.array(len(*v))
	} else if n := c.u.array(min); n > 0 {
		*v = make([]T, n)
	}
	for i := range *v {
		each(&(*v)[i])
	}
}

func (c *coder) credentials(v *Credentials) {
	number(c, &v.Current)
	number(c, &v.Last)
	c.bool(&v.Blank)
	c.bool(&v.Founded)
}

// entries are all that is left.
func (c *coder) entries(v *[]Entry) {
	if c.p != nil {
		for i := range *v {
			number(c, &(*v)[i].Zxid)
			c.p.bytes((*v)[i].Data)
		}
		return
	}
	for c.u.err == nil && c.u.in.Len() > 0 {
		*v = append(*v, Entry{Zxid(c.u.uint64()), c.u.bytes()})
	}
}

// record is a record in its own encoding.
func (c *coder) record(v *Record) {
	if c.p != nil {
		if c.p.inner == nil {
			c.p.inner = NewPacker() // the outer one is in the middle of a message
		}
		c.p.scratch = c.p.inner.Record(c.p.scratch[:0], v)
		c.p.bytes(c.p.scratch)
		return
	}
	b := c.u.bytes()
	if c.u.err != nil {
		return
	}
	r, err := UnpackRecord(b)
	if err != nil {
		c.u.fail(err)
		return
	}
	*v = *r
}

func (m *Notification) code(c *coder) {
	number(c, &m.State)
	if m.State > Observing {
		c.fail(fmt.Errorf("state %d", m.State))
	}
	c.bool(&m.Voter)
	number(c, &m.Leader)
	c.credentials(&m.Credentials)
	c.bool(&m.Electable)
}

func (m *FollowerInfo) code(c *coder) {
	number(c, &m.Join)
	c.bool(&m.Voter)
	c.bool(&m.NeedState)
	number(c, &m.Accepted)
	c.credentials(&m.Credentials)
	c.text(&m.Ensemble)
	number(c, &m.Committed)
	list(c, &m.Ends, 1, func(z *Zxid) { number(c, z) })
	list(c, &m.Attached, 2, func(a *Attachment) {
		signed(c, &a.Session)
		number(c, &a.Generation)
	})
}

func (m *NewEpoch) code(c *coder) { number(c, &m.Join); number(c, &m.Epoch) }

func (m *AckEpoch) code(c *coder) {
	number(c, &m.Join)
	number(c, &m.Epoch)
	c.bool(&m.Fresh)
	c.credentials(&m.Credentials)
}

func (m *Truncate) code(c *coder)  { number(c, &m.Join); number(c, &m.After) }
func (m *NewLeader) code(c *coder) { number(c, &m.Join); number(c, &m.Epoch); c.text(&m.Ensemble) }
func (m *AckNewLeader) code(c *coder) {
	number(c, &m.Join)
	number(c, &m.Zxid)
	c.bool(&m.Founded)
}
func (m *UpToDate) code(c *coder) { number(c, &m.Join); number(c, &m.Committed) }
func (m *Leave) code(c *coder)    { number(c, &m.Join); c.text(&m.Why) }

func (m *Propose) code(c *coder) {
	number(c, &m.Join)
	number(c, &m.Committed)
	if m.Block == nil {
		c.entries(&m.Entries)
	}
}

func (m *Ack) code(c *coder)       { number(c, &m.Join); number(c, &m.Zxid) }
func (m *Taken) code(c *coder)     { number(c, &m.Join); number(c, &m.Zxid) }
func (m *Commit) code(c *coder)    { number(c, &m.Join); number(c, &m.Zxid) }
func (m *Confirm) code(c *coder)   { number(c, &m.Join); number(c, &m.Round) }
func (m *Confirmed) code(c *coder) { number(c, &m.Join); number(c, &m.Round) }
func (m *StepEpoch) code(c *coder) { number(c, &m.Join); number(c, &m.Epoch) }
func (m *AckStep) code(c *coder)   { number(c, &m.Join); number(c, &m.Epoch); c.bool(&m.OK) }
func (m *Probe) code(c *coder)     { number(c, &m.Join); number(c, &m.Zxid) }
func (m *Digest) code(c *coder)    { number(c, &m.Join); number(c, &m.Zxid); number(c, &m.Value) }

func (m *Diverged) code(c *coder) {
	number(c, &m.Join)
	number(c, &m.Zxid)
	number(c, &m.Value)
	c.bool(&m.NobodyKnows)
}

func (m *SubmitRequest) code(c *coder) {
	number(c, &m.Join)
	list(c, &m.Drafts, recordFields, func(r *Record) { c.record(r) })
}

func (m *AdmitRequest) code(c *coder) {
	number(c, &m.Join)
	number(c, &m.Ticket)
	signed(c, &m.Session)
	signed(c, &m.Timeout)
	c.bytes(&m.Password)
}

func (m *Admitted) code(c *coder) {
	number(c, &m.Join)
	number(c, &m.Ticket)
	signed(c, &m.Session)
	number(c, &m.Generation)
	c.bool(&m.Fresh)
}

func (m *SyncRequest) code(c *coder) { number(c, &m.Join); number(c, &m.Ticket) }
func (m *SyncReply) code(c *coder) {
	number(c, &m.Join)
	number(c, &m.Ticket)
	number(c, &m.Zxid)
}

func (m *TouchRequest) code(c *coder) {
	number(c, &m.Join)
	list(c, &m.Sessions, 1, func(s *SessionID) { signed(c, s) })
}

func (m *Moved) code(c *coder) {
	number(c, &m.Join)
	signed(c, &m.Session)
	number(c, &m.Generation)
}

func (m *TransferBegin) code(c *coder) {
	number(c, &m.Join)
	number(c, &m.Zxid)
	number(c, &m.Digest)
	number(c, &m.Bytes)
}

func (m *TransferChunk) code(c *coder)  { number(c, &m.Join); c.bool(&m.Last); c.bytes(&m.Data) }
func (m *TransferCredit) code(c *coder) { number(c, &m.Join) }
