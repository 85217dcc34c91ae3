package wire

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// TestPieces_AreTheWhole: in pieces a body is what it is at once, of the size that it
// says, and no piece is much longer than it should be.
func TestPieces_AreTheWhole(t *testing.T) {
	names := func(n int) (v []string) {
		for i := range n {
			v = append(v, fmt.Sprintf("%0*d", i%90, i))
		}
		return v
	}
	long := bytes.Repeat([]byte("x"), 3*PieceSize+1)
	results := []Result{{Op: OpGetData, Err: NoNode}, {Op: OpGetData, Body: &DataReply{long, sampleStat}},
		{Op: OpGetChildren, Body: &NamesReply{Names: names(100)}}, {Op: OpError, Err: NoAuth}}
	for _, p := range []Pieces{
		&DataReply{nil, sampleStat}, &DataReply{[]byte{}, sampleStat}, &DataReply{long[:PieceSize], sampleStat}, &DataReply{long, sampleStat},
		&NamesReply{}, &NamesReply{Names: names(1)}, &NamesReply{Names: names(5000)}, &NamesStatReply{Names: nil, Stat: sampleStat}, &NamesStatReply{Names: names(5000), Stat: sampleStat},
		&MultiReadReply{}, &MultiReadReply{MultiReply{results}}, &MultiReadReply{MultiReply{append(results, results...)}},
	} {
		want := &Reply{ReplyHeader{5, 7, OK}, p}
		var whole, pieces Encoder
		whole.ReplyFrame(want)
		pieces.BeginReply(&want.ReplyHeader, p.Size())
		count := 0
		for at := 0; at >= 0; count++ {
			from := pieces.Len()
			at = p.EncodePiece(&pieces, at)
			if _, multi := p.(*MultiReadReply); !multi && pieces.Len()-from > PieceSize+200 {
				t.Errorf("%T: a piece of %d bytes", p, pieces.Len()-from)
			}
		}
		if !bytes.Equal(whole.Bytes(), pieces.Bytes()) {
			t.Errorf("%T of %d bytes differs in %d pieces", p, whole.Len(), count)
		}
		if p.Size() > 4*PieceSize && count < 3 {
			t.Errorf("%T of %d bytes comes in %d pieces", p, p.Size(), count)
		}
	}
}

// TestPieces_WeighTheirMemory: what is long to encode is not light.
func TestPieces_WeighTheirMemory(t *testing.T) {
	for _, p := range []Pieces{&DataReply{Data: make([]byte, 1000)}, &NamesReply{Names: strings.Split(strings.Repeat("x,", 100), ",")},
		&MultiReadReply{MultiReply{make([]Result, 10)}}} {
		if p.Weight() < 1000 {
			t.Errorf("%T weighs %d", p, p.Weight())
		}
	}
}
