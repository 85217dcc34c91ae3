package link

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func TestLink_BringsMessagesInOrder(t *testing.T) {
	_, a, b := pair(t, setup{})
	const n = 5000
	for i := range uint64(n) {
		a.send(2, &Send{Head: binary.BigEndian.AppendUint64(nil, i), Body: []byte("body")})
		b.send(1, &Send{Body: binary.BigEndian.AppendUint64(nil, i)})
	}
	for i := range uint64(n) {
		want := binary.BigEndian.AppendUint64(nil, i)
		if m := receive(t, "a message", b.links[1].got); !bytes.Equal(m, append(want, "body"...)) {
			t.Fatalf("%d: %x", i, m)
		}
		if m := receive(t, "a message", a.links[2].got); !bytes.Equal(m, want) {
			t.Fatalf("%d: %x", i, m)
		}
	}
}
