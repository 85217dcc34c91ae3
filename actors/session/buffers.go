package session

import "sync"

const (
	firstBuffer = 4 << 10  // what a connection reads into at first
	keepBuffer  = 64 << 10 // a larger one is let go when it is empty
)

// buffer is what a reader reads into. A connection has one as long as there are
// bytes in it, since most connections are idle most of the time; it begins with
// one as large as the last.
type buffer struct{ bytes []byte }

// spare are the buffers that no connection has at the moment, by size: each is
// twice as large as the one before.
var spare = [...]sync.Pool{{}, {}, {}, {}, {}}

// class is which of the spare a size belongs to; false if it is none of theirs.
func class(size int) (i int, kept bool) {
	for i = range spare {
		if firstBuffer<<i == size {
			return i, true
		}
	}
	return 0, false
}

// take is an empty buffer.
func take(size int) *buffer {
	if i, kept := class(size); kept {
		if b, is := spare[i].Get().(*buffer); is {
			return b
		}
	}
	return &buffer{make([]byte, size)}
}

// give takes a buffer back from a connection.
func give(b *buffer) {
	if i, kept := class(len(b.bytes)); kept {
		spare[i].Put(b)
	}
}
