package link

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// What goes over a stream, as the value of a protobuf BytesValue: a kind, and
//
//	hello      a packed wire.Hello
//	all others link (8 bytes), sequence number (8 bytes), then
//	messages   whole messages, each after its length
//	piece      a part of a message, of which more follows
//	last       the last part
//	heartbeat  the sequence number received last, when by the sender's clock, in
//	           milliseconds, and whether to answer at once
//	goodbye    nothing
const (
	kindHello byte = iota + 1
	kindMessages
	kindPiece
	kindLast
	kindHeartbeat
	kindGoodbye
)

// linkVersions of what is said above.
const linkLow, linkHigh = 1, 1

const (
	headerSize = 17
	// pieceSize bounds a frame's payload. Remote puts up to batchSize frames into
	// one gRPC message, of which nothing is seen until all of it is there: on a slow
	// network it must not take as long as PeerTimeout. The receiver bounds it by
	// maxBatch.
	pieceSize = 256 << 10
	batchSize = 4
	maxBatch  = 4 << 20
	// flowWindow is HTTP/2's. If it is not fixed, gRPC measures the network: with a
	// ping and two more packets for each message of a stream that is not busy.
	flowWindow = maxBatch
	// DefaultMaxMessage is how long a message may be unless the Hello says otherwise.
	DefaultMaxMessage = 80 << 20
)

var errBadFrame = errors.New("malformed frame")

// header starts a frame that will have room for a payload.
func header(kind byte, link, seq uint64, room int) []byte {
	b := make([]byte, headerSize, headerSize+room)
	b[0] = kind
	binary.BigEndian.PutUint64(b[1:], link)
	binary.BigEndian.PutUint64(b[9:], seq)
	return b
}

// split takes a frame apart.
func split(b []byte) (kind byte, link, seq uint64, payload []byte, err error) {
	if len(b) < headerSize {
		return 0, 0, 0, nil, errBadFrame
	}
	return b[0], binary.BigEndian.Uint64(b[1:]), binary.BigEndian.Uint64(b[9:]), b[headerSize:], nil
}

// eachMessage calls f for the messages of a frame.
func eachMessage(payload []byte, f func([]byte) error) error {
	for len(payload) > 0 {
		n, used := binary.Uvarint(payload)
		if used <= 0 || n > uint64(len(payload)-used) {
			return errBadFrame
		}
		end := used + int(n)
		if err := f(payload[used:end:end]); err != nil {
			return err
		}
		payload = payload[end:]
	}
	return nil
}

// uvarintSize is how many bytes binary.AppendUvarint takes.
func uvarintSize(n uint64) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// beat is what a heartbeat says.
type beat struct {
	received uint64
	at       uint64
	answer   bool
}

func (h beat) append(b []byte) []byte {
	b = binary.AppendUvarint(binary.AppendUvarint(b, h.received), h.at)
	if h.answer {
		return append(b, 1)
	}
	return append(b, 0)
}

func readBeat(payload []byte) (h beat, err error) {
	var used, more int
	if h.received, used = binary.Uvarint(payload); used <= 0 {
		return beat{}, errBadFrame
	}
	if h.at, more = binary.Uvarint(payload[used:]); more <= 0 {
		return beat{}, errBadFrame
	}
	if rest := payload[used+more:]; len(rest) != 1 || rest[0] > 1 {
		return beat{}, errBadFrame
	}
	h.answer = payload[used+more] == 1
	return h, nil
}

// pieces joins the parts of a message.
type pieces struct {
	parts [][]byte
	size  uint64
}

func (p *pieces) add(part []byte, limit uint64) error {
	if p.size += uint64(len(part)); p.size > limit {
		return fmt.Errorf("a message of more than %d bytes", limit)
	}
	if len(part) == 0 {
		return errBadFrame
	}
	p.parts = append(p.parts, part)
	return nil
}

// join returns the message, and starts with the next.
func (p *pieces) join() []byte {
	message := make([]byte, 0, p.size)
	for _, part := range p.parts {
		message = append(message, part...)
	}
	*p = pieces{}
	return message
}

// cut calls f for the parts that head and body make, each of pieceSize bytes at
// most.
func cut(head, body []byte, f func(part []byte, rest []byte, last bool)) {
	for len(head)+len(body) > 0 {
		h := head[:min(len(head), pieceSize)]
		b := body[:min(len(body), pieceSize-len(h))]
		head, body = head[len(h):], body[len(b):]
		f(h, b, len(head)+len(body) == 0)
	}
}
