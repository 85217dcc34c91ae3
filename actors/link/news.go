package link

import (
	"errors"
	"net"
	"sync"
	"time"
)

// repeatAfter is when a line that would be the same again is logged again.
const repeatAfter = time.Minute

// onlyNews keeps what does not change from being logged all the time. It belongs
// to one goroutine.
type onlyNews struct {
	last string
	at   time.Time
}

func (o *onlyNews) news(text string) bool {
	if text == o.last && time.Since(o.at) < repeatAfter {
		return false
	}
	o.last, o.at = text, time.Now()
	return true
}

func (o *onlyNews) forget() { o.last = "" }

// complaints are what connections fail for: each is told once in a while, and no
// more of them than people read.
type complaints struct {
	mu   sync.Mutex
	told map[string]time.Time
}

const maxComplaints = 32

func (c *complaints) news(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if at, ok := c.told[text]; ok && now.Sub(at) < repeatAfter {
		return false
	}
	if c.told == nil || len(c.told) >= maxComplaints {
		kept := make(map[string]time.Time)
		for text, at := range c.told {
			if now.Sub(at) < repeatAfter {
				kept[text] = at
			}
		}
		if c.told = kept; len(kept) >= maxComplaints {
			return false
		}
	}
	c.told[text] = now
	return true
}

func (c *complaints) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = nil
}

// complain logs what a connection, or what it brought, was refused for.
func (n *Network) complain(a *admitted, what string, why error) {
	host, _, err := net.SplitHostPort(a.RemoteAddr().String())
	if err != nil {
		host = a.RemoteAddr().String()
	}
	if n.strange[a.place].news(host + " " + what + " " + cause(why)) {
		n.names.wait()
		n.o.Log.Warn().Stringer("from", a).Err(why).Msg(what)
	}
}

// cause is an error's text without the ports of a connection, which are always
// others.
func cause(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op + " " + op.Err.Error()
	}
	return err.Error()
}
