package mesh

import (
	"fmt"
	"net"
	"sync"
)

// link takes the connections that one server makes to another and forwards them.
type link struct {
	listener    net.Listener
	target      string // address of the other server
	there, back *gate
	quit        chan struct{}
	work        sync.WaitGroup
}

func newLink(target string, there, back *gate) (*link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("link to %s: %w", target, err)
	}
	l := &link{listener: listener, target: target, there: there, back: back, quit: make(chan struct{})}
	l.work.Go(l.accept)
	return l, nil
}

func (l *link) port() int { return l.listener.Addr().(*net.TCPAddr).Port }

// close ends the link and all that it carries.
func (l *link) close() error {
	close(l.quit)
	err := l.listener.Close()
	l.work.Wait()
	return err
}

func (l *link) accept() {
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			return // it was closed
		}
		l.work.Go(func() { l.carry(conn.(*net.TCPConn)) })
	}
}

// carry forwards one connection. It takes packets both ways to make one.
func (l *link) carry(near *net.TCPConn) {
	defer near.Close()
	if !l.there.pass(l.quit) || !l.back.pass(l.quit) {
		return
	}
	conn, err := net.Dial("tcp", l.target)
	if err != nil {
		return // the same to who has dialled as a refusal
	}
	far := conn.(*net.TCPConn)
	defer far.Close()
	carried := make(chan struct{})
	defer close(carried)
	l.work.Go(func() {
		select {
		case <-carried:
		case <-l.quit: // wakes the pumps
			near.Close()
			far.Close()
		}
	})
	var both sync.WaitGroup
	both.Go(func() { l.pump(far, near, l.there) })
	both.Go(func() { l.pump(near, far, l.back) })
	both.Wait()
}

// pump copies one direction, its end included. How a direction ends is no error of the link's: the
// servers see to it.
func (l *link) pump(to, from *net.TCPConn, g *gate) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if !g.pass(l.quit) {
			return
		}
		if n > 0 {
			if _, failed := to.Write(buf[:n]); failed != nil {
				return
			}
		}
		if err != nil {
			_ = to.CloseWrite()
			return
		}
	}
}
