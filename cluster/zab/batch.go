package zab

import (
	"sort"

	"troupe/wire"
)

// Batch is records that follow each other, with their bytes. Immutable.
type Batch struct {
	Records []wire.Record
	Entries []wire.Entry
}

// Last is the zxid of a batch's last record.
func (b *Batch) Last() wire.Zxid { return b.Entries[len(b.Entries)-1].Zxid }

// Position is where a server stands when a reign begins.
type Position struct {
	Accepted  wire.Epoch // promised
	Current   wire.Epoch // entered
	Last      wire.Zxid  // logged, durably
	Committed wire.Zxid  // known committed, applied
	// Ends are the last records of the log's epochs, newest first.
	Ends  []wire.Zxid
	Tail  []*Batch // the log behind Committed
	Blank bool     // cannot vouch for what it once acknowledged
	// Founded says that this server has been part of a reign that had a quorum, and
	// so may have acknowledged something.
	Founded  bool
	Ensemble string // "" none yet
	// NeedState says that the tree is not to be trusted.
	NeedState bool
}

// Credentials are what a server stands for election with.
func (p *Position) Credentials() wire.Credentials {
	return wire.Credentials{Current: max(p.Current, p.Last.Epoch()), Last: p.Last, Blank: p.Blank, Founded: p.Founded}
}

// less compares histories: by epoch entered, then by the last record.
func less(a, b wire.Credentials) bool {
	return a.Current < b.Current || a.Current == b.Current && a.Last < b.Last
}

// common is the last record that a leader and a learner share. Both logs hold
// an epoch's records from its first on, so the shorter of the two ends of the
// newest epoch that both have is in both, and so is all before it. What is
// committed is in every leader's log.
func common(leader []wire.Zxid, learner []wire.Zxid, committed wire.Zxid) wire.Zxid {
	best := committed
	for _, a := range learner {
		for _, b := range leader {
			if a.Epoch() == b.Epoch() {
				best = max(best, min(a, b))
			}
		}
	}
	return best
}

// cut is the part of a batch behind a zxid, nil if there is none.
func (b *Batch) cut(after wire.Zxid) *Batch {
	i := sort.Search(len(b.Entries), func(i int) bool { return b.Entries[i].Zxid > after })
	if i == len(b.Entries) {
		return nil
	}
	c := &Batch{Entries: b.Entries[i:]}
	if b.Records != nil {
		c.Records = b.Records[i:]
	}
	return c
}

// upTo is the part of a batch up to a zxid, nil if there is none.
func (b *Batch) upTo(z wire.Zxid) *Batch {
	i := sort.Search(len(b.Entries), func(i int) bool { return b.Entries[i].Zxid > z })
	if i == 0 {
		return nil
	}
	c := &Batch{Entries: b.Entries[:i:i]}
	if b.Records != nil {
		c.Records = b.Records[:i:i]
	}
	return c
}

// queue is batches that follow each other.
type queue []*Batch

// take removes and returns what is up to a zxid.
func (q *queue) take(z wire.Zxid) (taken []*Batch) {
	for len(*q) > 0 {
		first := (*q)[0]
		if first.Last() <= z {
			taken = append(taken, first)
			(*q)[0] = nil
			*q = (*q)[1:]
			continue
		}
		if part := first.upTo(z); part != nil {
			taken = append(taken, part)
			(*q)[0] = first.cut(z)
		}
		return taken
	}
	*q = nil
	return taken
}

// drop removes what is behind a zxid.
func (q *queue) drop(after wire.Zxid) {
	kept := (*q)[:0]
	for _, b := range *q {
		if part := b.upTo(after); part != nil {
			kept = append(kept, part)
		}
	}
	*q = kept
}

// window keeps the bytes of the records of late: all behind low.
type window struct {
	batches []*sealed
	low     wire.Zxid
	bytes   int
}

// sealed is a batch's bytes, as one and packed for learners.
type sealed struct {
	entries []wire.Entry
	block   []byte
	size    int
}

func (s *sealed) last() wire.Zxid { return s.entries[len(s.entries)-1].Zxid }

// recordOverhead is about what a record costs beside its bytes.
const recordOverhead = 32

func (w *window) add(b *Batch) {
	s := &sealed{entries: b.Entries}
	for i := range b.Entries {
		s.size += len(b.Entries[i].Data) + recordOverhead
	}
	w.batches = append(w.batches, s)
	w.bytes += s.size
}

// shrink lets go of the oldest until what is left is within limit bytes; of what
// is applied only, since the rest cannot be read from the log yet.
func (w *window) shrink(limit int, applied wire.Zxid) {
	n := 0
	for w.bytes > limit && n < len(w.batches) && w.batches[n].last() <= applied {
		w.low = w.batches[n].last()
		w.bytes -= w.batches[n].size
		w.batches[n] = nil
		n++
	}
	w.batches = w.batches[n:]
}

// after finds what follows a zxid: a batch, and the place in it; nil if there
// is nothing, or it is no longer here.
func (w *window) after(z wire.Zxid) (*sealed, int) {
	if z < w.low {
		return nil, 0
	}
	i := sort.Search(len(w.batches), func(i int) bool { return w.batches[i].last() > z })
	if i == len(w.batches) {
		return nil, 0
	}
	s := w.batches[i]
	return s, sort.Search(len(s.entries), func(j int) bool { return s.entries[j].Zxid > z })
}
