package wire

// Pieces is a body that may be too long to be encoded at once: many of them, for
// clients that do not read, would be more than memory has.
type Pieces interface {
	Body
	// Size is the length of the encoded body in bytes.
	Size() int
	// Weight is about how many bytes the body holds as it is. It costs nothing to ask.
	Weight() int
	// EncodePiece appends some of the body, about PieceSize bytes, from a place on
	// that is 0 at first, and returns the next place, or -1 after the end.
	EncodePiece(e *Encoder, at int) (next int)
}

// PieceSize is about the length of a piece in bytes.
const PieceSize = 32 << 10

// Bytes of memory that a body takes for each of its names or results.
const (
	stringHeader = 16
	smallResult  = 150
)

// BeginReply appends a reply's length and header; the body of so many bytes is
// left to the caller.
func (e *Encoder) BeginReply(h *ReplyHeader, size int) {
	e.Int32(int32(ReplyHeaderSize + size))
	e.replyHeader(h)
}

// Size implements Pieces.
func (r *DataReply) Size() int { return 4 + len(r.Data) + StatSize }

// Weight implements Pieces.
func (r *DataReply) Weight() int { return len(r.Data) }

// EncodePiece implements Pieces. A place is an index into the data.
func (r *DataReply) EncodePiece(e *Encoder, at int) int {
	if at == 0 {
		e.bufferLength(r.Data)
	}
	next := min(at+PieceSize, len(r.Data))
	e.buf = append(e.buf, r.Data[at:next]...)
	if next < len(r.Data) {
		return next
	}
	e.Stat(&r.Stat)
	return -1
}

// Size implements Pieces.
func (r *NamesReply) Size() int { return stringsSize(r.Names, r.Bytes) }

// Weight implements Pieces.
func (r *NamesReply) Weight() int { return len(r.Names) * stringHeader }

// EncodePiece implements Pieces. A place is an index of names.
func (r *NamesReply) EncodePiece(e *Encoder, at int) int { return e.someStrings(r.Names, at) }

// Size implements Pieces.
func (r *NamesStatReply) Size() int { return stringsSize(r.Names, r.Bytes) + StatSize }

// Weight implements Pieces.
func (r *NamesStatReply) Weight() int { return len(r.Names) * stringHeader }

// EncodePiece implements Pieces. A place is an index of names.
func (r *NamesStatReply) EncodePiece(e *Encoder, at int) int {
	next := e.someStrings(r.Names, at)
	if next < 0 {
		e.Stat(&r.Stat)
	}
	return next
}

func stringsSize(v []string, bytes int) int {
	if bytes == 0 {
		for _, s := range v {
			bytes += len(s)
		}
	}
	return 4 + 4*len(v) + bytes
}

// someStrings appends the strings from at on, and before the first how many there are.
func (e *Encoder) someStrings(v []string, at int) (next int) {
	if at == 0 {
		e.Int32(int32(len(v)))
	}
	for end := e.Len() + PieceSize; at < len(v) && e.Len() < end; at++ {
		e.String(v[at])
	}
	if at < len(v) {
		return at
	}
	return -1
}

// MultiReadReply is a MultiReply to a multiRead.
type MultiReadReply struct{ MultiReply }

// multiHeaderSize is the length of a multi's header in bytes.
const multiHeaderSize = 9

// Size implements Pieces.
func (r *MultiReadReply) Size() int {
	n := multiHeaderSize
	for i := range r.Results {
		n += r.Results[i].size()
	}
	return n
}

// size is the length of a result that is an error or a body in pieces.
func (r *Result) size() int {
	if p, ok := r.Body.(Pieces); ok && r.Err == OK {
		return multiHeaderSize + p.Size()
	}
	return multiHeaderSize + 4
}

// Weight implements Pieces.
func (r *MultiReadReply) Weight() int {
	n := 0
	for i := range r.Results {
		n += smallResult
		if p, ok := r.Results[i].Body.(Pieces); ok {
			n += p.Weight()
		}
	}
	return n
}

// EncodePiece implements Pieces. A place is an index of results.
func (r *MultiReadReply) EncodePiece(e *Encoder, at int) int {
	for end := e.Len() + PieceSize; at < len(r.Results) && e.Len() < end; at++ {
		e.result(&r.Results[at])
	}
	if at < len(r.Results) {
		return at
	}
	e.multiHeader(-1, true, -1)
	return -1
}
