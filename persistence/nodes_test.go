package persistence

import "iter"

// Node is a znode's stored value; a nil Value removes it.
type Node struct {
	Path  string
	Value []byte
}

// znodes are those of a checkpoint, in this order. Each value is spoilt when the next
// one is asked for.
func znodes(list ...Node) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		var value []byte
		for _, n := range list {
			clear(value)
			if value = append(value[:0], n.Value...); n.Value == nil {
				value = nil
			} else if value == nil {
				value = []byte{}
			}
			if !yield(n.Path, value) {
				return
			}
		}
	}
}
