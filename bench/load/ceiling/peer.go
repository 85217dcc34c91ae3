package ceiling

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
)

// What goes between servers: batches to a peer, each a length (4 bytes) and so
// many bytes; from the peer how many batches are durable, in all (8 bytes). Both
// big-endian.
const (
	batchHead = 4
	batchMax  = 64 << 20 // bytes; more than clients have outstanding
	ackSize   = 8
	peerInput = 1 << 20 // bytes of a peer's input buffer
)

// ServePeer keeps a journal in dir for servers that connect, until the listener
// is closed or the journal fails, which it reports. It syncs once for all batches
// that have come meanwhile.
func ServePeer(dir string, l net.Listener) error {
	j, err := openJournal(dir)
	if err != nil {
		return err
	}
	for {
		socket, err := l.Accept()
		if err != nil {
			return err
		}
		err = j.follow(socket)
		socket.Close()
		if errors.Is(err, errJournal) {
			return err
		}
	}
}

// follow appends what one server sends until it hangs up.
func (j *journal) follow(socket net.Conn) error {
	in := bufio.NewReaderSize(socket, peerInput)
	var pending []byte
	for received := uint64(0); ; {
		pending = pending[:0]
		for more := true; more; more = in.Buffered() >= batchHead {
			var err error
			if pending, err = readBatch(in, pending); err != nil {
				return err
			}
			received++
		}
		if err := j.write(pending); err != nil {
			return fmt.Errorf("%w: %w", errJournal, err)
		}
		if _, err := socket.Write(binary.BigEndian.AppendUint64(nil, received)); err != nil {
			return err
		}
	}
}

// readBatch waits for a whole batch and appends it to those before.
func readBatch(in *bufio.Reader, to []byte) ([]byte, error) {
	var head [batchHead]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return to, err
	}
	size := int(binary.BigEndian.Uint32(head[:]))
	if size > batchMax {
		return to, fmt.Errorf("batch of %d bytes", size)
	}
	at := len(to)
	to = slices.Grow(to, size)[:at+size]
	_, err := io.ReadFull(in, to[at:])
	return to, err
}

// peers are the other servers, as the one that clients talk to sees them.
type peers struct {
	sockets []net.Conn
	sent    uint64 // batches; whoever syncs the journal owns it, and the buffer
	buf     []byte

	mu      sync.Mutex
	changed *sync.Cond
	durable []uint64 // batches, by peer
	err     error    // why one of them does not answer any more
}

// connect reaches the peers. All must be there, and stay.
func connect(addrs []string) (*peers, error) {
	p := &peers{durable: make([]uint64, len(addrs))}
	p.changed = sync.NewCond(&p.mu)
	for _, addr := range addrs {
		socket, err := net.Dial("tcp", addr)
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.sockets = append(p.sockets, socket)
	}
	for i := range p.sockets {
		go p.listen(i)
	}
	return p, nil
}

func (p *peers) close() error {
	var errs []error
	for _, s := range p.sockets {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// listen takes a peer's acknowledgements.
func (p *peers) listen(i int) {
	in := bufio.NewReader(p.sockets[i])
	var ack [ackSize]byte
	for {
		_, err := io.ReadFull(in, ack[:])
		p.mu.Lock()
		if err != nil {
			p.err = fmt.Errorf("peer %v: %w", p.sockets[i].RemoteAddr(), err)
		} else {
			p.durable[i] = binary.BigEndian.Uint64(ack[:])
		}
		p.changed.Broadcast()
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// send gives a batch to all peers.
func (p *peers) send(batch []byte) error {
	p.buf = append(binary.BigEndian.AppendUint32(p.buf[:0], uint32(len(batch))), batch...)
	p.sent++
	for _, s := range p.sockets {
		if _, err := s.Write(p.buf); err != nil {
			return err
		}
	}
	return nil
}

// wait returns when so many peers as make a majority with this server have what
// was sent last.
func (p *peers) wait() error {
	needed := (len(p.sockets) + 1) / 2
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.err == nil {
		have := 0
		for _, n := range p.durable {
			if n >= p.sent {
				have++
			}
		}
		if have >= needed {
			return nil
		}
		p.changed.Wait()
	}
	return p.err
}
