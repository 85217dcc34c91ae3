package differential

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

const (
	drowsyAfter = time.Second
	nudges      = 10
)

// awake reads a frame from a server of which every request is answered in time,
// or from a drowsy one. A follower of the original now and then lets a request
// lie until it gets the next one: so it is sent a ping, whose reply nobody sees.
func (s *Side) awake(c *conn) ([]byte, error) {
	for range nudges {
		if !s.Drowsy {
			break
		}
		err := c.wait(drowsyAfter)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			break // whatever it is, the read will tell
		}
		s.Nudged++
		n := len(c.pending)
		if err := c.write(c.enqueue(nil, &ping, nil)); err != nil {
			return nil, err
		}
		c.pending[n].nudge = true
	}
	return c.frame()
}

// settle waits until the leader of the original has applied what its follower
// has answered: until then it judges hard quotas by old books. One that is drowsy
// itself is left to the next request.
func (s *Side) settle() error {
	if !s.Drowsy || s.servers[leader] == "" {
		return nil
	}
	for deadline := time.Now().Add(drowsyAfter); time.Now().Before(deadline); time.Sleep(catchUpEvery) {
		text, err := s.answer(leader, "srvr")
		if err != nil {
			return err
		}
		zxid, err := strconv.ParseInt(valuesOf(text)["Zxid"], 0, 64)
		if err == nil && zxid >= s.last {
			return nil
		}
	}
	s.Nudged++
	return nil
}

// wait returns once there is something to read.
func (c *conn) wait(patience time.Duration) error {
	if err := c.tcp.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return fmt.Errorf("wait: %w", err)
	}
	_, err := c.in.Peek(1)
	return err
}
