package ceiling

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"

	"troupe/wire"
)

const (
	inputSize = 256 << 10 // bytes of a connection's input buffer, and so its longest frame
	outputMax = 1 << 20   // bytes of replies that one write may carry
)

// Server answers without doing anything.
type Server struct {
	journal *journal
	value   []byte               // what every read returns
	family  *wire.NamesStatReply // what every listing returns
	watches watches
	zxid    atomic.Uint64
	session atomic.Int64
}

// Open makes a server that keeps its journal in dir, and at the peers with these
// addresses, and answers reads with valueSize bytes of data.
func Open(dir string, valueSize int, addrs ...string) (*Server, error) {
	j, err := openJournal(dir)
	if err != nil {
		return nil, err
	}
	if len(addrs) > 0 {
		if j.peers, err = connect(addrs); err != nil {
			return nil, err
		}
	}
	s := &Server{journal: j, value: make([]byte, valueSize), family: &wire.NamesStatReply{}}
	for i := range Children {
		s.family.Names = append(s.family.Names, Child(i))
	}
	return s, nil
}

// Children is how many names a listing has.
const Children = 100

// Child is one of them.
func Child(i int) string { return fmt.Sprintf("child%04d", i) }

// Serve takes connections until the listener is closed, which it reports. A
// connection that fails ends alone, but for a journal that does: then nothing
// more can be acknowledged, and Serve returns.
func (s *Server) Serve(l net.Listener) error {
	broken := make(chan error, 1)
	go func() {
		for {
			socket, err := l.Accept()
			if err != nil {
				broken <- err
				return
			}
			go func() {
				defer socket.Close()
				if err := s.converse(socket); errors.Is(err, errJournal) {
					select {
					case broken <- err:
					default:
					}
				}
			}()
		}
	}()
	err := <-broken
	l.Close() // ends the accepting; who still talks ends with the process
	return err
}

var errJournal = errors.New("journal failed")

// turn is what one reading of the socket has brought: the writes among the
// frames, the paths whose data they set, and the replies to all of them.
type turn struct {
	socket net.Conn
	writes []byte
	set    []string // while anything is watched
	out    *wire.Encoder
	last   bool // the client has said good-bye
}

func (s *Server) converse(socket net.Conn) error {
	in := bufio.NewReaderSize(socket, inputSize)
	if err := s.hello(socket, in); err != nil {
		return err
	}
	defer s.watches.forget(socket)
	t := turn{socket: socket, out: wire.NewEncoder(nil)}
	for !t.last {
		t.writes, t.set = t.writes[:0], t.set[:0]
		t.out.Reset()
		for more := true; more; more = !t.last && t.out.Len() < outputMax && buffered(in) {
			if err := s.next(in, &t); err != nil {
				return err
			}
		}
		if len(t.writes) > 0 {
			if err := s.journal.commit(t.writes); err != nil {
				return fmt.Errorf("%w: %w", errJournal, err)
			}
			for _, path := range t.set {
				s.watches.tell(path)
			}
		}
		if _, err := socket.Write(t.out.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// hello takes the connect request and grants a session.
func (s *Server) hello(socket net.Conn, in *bufio.Reader) error {
	frame, err := peekFrame(in)
	if err != nil {
		return err
	}
	req, err := wire.DecodeConnectRequest(frame[4:])
	if err != nil {
		return err
	}
	if _, err := in.Discard(len(frame)); err != nil {
		return err
	}
	id := req.Session
	if id == 0 {
		id = wire.SessionID(rand.Int64N(1<<32)<<16 | s.session.Add(1))
	}
	var e wire.Encoder
	e.ConnectResponseFrame(&wire.ConnectResponse{Timeout: req.Timeout, Session: id,
		Password: make([]byte, wire.PasswordSize), HasReadOnly: req.HasReadOnly})
	_, err = socket.Write(e.Bytes())
	return err
}

// next reads one frame and adds its reply to the turn.
func (s *Server) next(in *bufio.Reader, t *turn) error {
	frame, err := peekFrame(in)
	if err != nil {
		return err
	}
	d := wire.NewDecoder(frame[4:])
	xid, op := wire.Xid(d.Int32()), wire.OpCode(d.Int32())
	reply := wire.Reply{ReplyHeader: wire.ReplyHeader{Xid: xid}}
	if op.IsWrite() {
		t.writes = append(t.writes, frame...)
		reply.Zxid = wire.Zxid(s.zxid.Add(1))
	} else {
		reply.Zxid = wire.Zxid(s.zxid.Load())
	}
	if reply.Body, err = s.body(op, d); err != nil {
		return err
	}
	s.watch(op, frame, t)
	t.out.ReplyFrame(&reply)
	t.last = op == wire.OpCloseSession
	_, err = in.Discard(len(frame))
	return err
}

// body is what a reply to op carries. It is as long as a real one's.
func (s *Server) body(op wire.OpCode, d *wire.Decoder) (wire.Body, error) {
	switch op {
	case wire.OpGetData:
		return &wire.DataReply{Data: s.value, Stat: wire.Stat{DataLength: int32(len(s.value))}}, nil
	case wire.OpSetData, wire.OpExists:
		return &wire.StatReply{}, nil
	case wire.OpCreate:
		path := d.String()
		return &wire.PathReply{Path: path}, d.Err()
	case wire.OpGetChildren2:
		return s.family, nil
	case wire.OpSync:
		path := d.String()
		return &wire.PathReply{Path: path}, d.Err()
	case wire.OpMulti:
		return multiReply(d)
	case wire.OpDelete, wire.OpPing, wire.OpCloseSession:
		return nil, nil
	}
	return nil, fmt.Errorf("%v is not answered here", op)
}

// watch sets the watch that a read asks for, and remembers what a write sets off.
func (s *Server) watch(op wire.OpCode, frame []byte, t *turn) {
	d := wire.NewDecoder(frame[4+wire.RequestHeaderSize:])
	switch {
	case op == wire.OpGetData && frame[len(frame)-1] != 0:
		s.watches.add(d.String(), t.socket)
	case op == wire.OpSetData && s.watches.any():
		t.set = append(t.set, d.String())
	}
}

// multiReply is as long as that of a multi of sets.
func multiReply(d *wire.Decoder) (wire.Body, error) {
	req, err := wire.DecodeRequest(wire.OpMulti, d.Rest())
	if err != nil {
		return nil, err
	}
	r := &wire.MultiReply{}
	for range req.(*wire.Multi).Ops {
		r.Results = append(r.Results, wire.Result{Op: wire.OpSetData, Body: &wire.StatReply{}})
	}
	return r, nil
}

// peekFrame waits for a whole frame, length and all, and shows it in the buffer.
func peekFrame(in *bufio.Reader) ([]byte, error) {
	head, err := in.Peek(4)
	if err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint32(head))
	if size < wire.RequestHeaderSize || size > inputSize-4 {
		return nil, fmt.Errorf("frame of %d bytes", size)
	}
	frame, err := in.Peek(4 + size)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return frame, err
}

// buffered tells whether a whole frame can be had without waiting.
func buffered(in *bufio.Reader) bool {
	if in.Buffered() < 4 {
		return false
	}
	head, err := in.Peek(4)
	return err == nil && in.Buffered() >= 4+int(binary.BigEndian.Uint32(head))
}
