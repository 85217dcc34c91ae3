package persistence

import (
	"errors"
	"io"

	"github.com/syndtr/goleveldb/leveldb/storage"
)

// A sync of a file that has grown writes the file's length and where its new
// blocks are, besides the data: two more trips to the disk. So a journal is filled
// with zeros ahead of what is written, when that is little; ZooKeeper does so, too
// (preAllocSize). Of much the data takes longer than the rest, and zeros would only
// be written in vain.
const (
	aheadBytes = 64 << 10 // at most, and
	aheadPart  = 16       // times that make a journal
	aheadMost  = 4        // times a write that is little
)

var aheadZeros [2 * aheadBytes]byte

// fillable is a file that can be written ahead: over zeros, or behind its end.
type fillable interface {
	storage.Writer
	io.WriterAt
	Truncate(size int64) error
}

// ahead is the writer of such a journal.
type ahead struct {
	fillable
	by     int64 // bytes
	end    int64 // of what was written
	filled int64 // the file's length
}

// Write implements storage.Writer.
func (a *ahead) Write(p []byte) (int, error) {
	n, err := a.WriteAt(p, a.end)
	a.end += int64(n)
	if a.end <= a.filled {
		return n, err
	}
	if a.filled = a.end; err != nil || int64(len(p)) > a.by/aheadMost {
		return n, err
	}
	fill, err := a.WriteAt(aheadZeros[:2*a.by-a.end%a.by], a.end)
	a.filled += int64(fill)
	if isFull(err) {
		err = nil // for zeros: it is for a record that finds no room to say so
	}
	return n, err
}

// Close implements storage.Writer, and leaves no zeros.
func (a *ahead) Close() error {
	var err error
	if a.filled > a.end {
		err = a.Truncate(a.end)
	}
	return errors.Join(err, a.fillable.Close())
}
