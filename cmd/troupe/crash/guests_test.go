package crash

import (
	"context"
	"errors"
	"fmt"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

// Guests are sessions that make an ephemeral and leave without saying good-bye.
// Those with a long timeout must be found alive some kills later, those with a
// short one must be gone in the end, and their ephemerals with them.
const (
	guestRoot    = "/guests"
	shortTimeout = 500 * time.Millisecond
	guestStay    = 2 // kills that a session with a long timeout is left alone for
)

type guest struct {
	round int
	path  string
	czxid wire.Zxid
	id    wire.SessionID
	passw []byte
	long  bool
	gone  bool // an expired one that was seen to be gone
}

// invite opens a guest's session and leaves it.
func invite(ctx context.Context, addr string, round int, long bool) (*guest, error) {
	timeout := shortTimeout
	if long {
		timeout = longTimeout
	}
	conn, err := client.Dial(ctx, client.Options{Servers: []string{addr}, SessionTimeout: timeout})
	if err != nil {
		return nil, err
	}
	defer conn.Abandon()
	g := &guest{round: round, long: long, id: conn.SessionID(), passw: conn.Password(),
		path: fmt.Sprintf("%s/%d-long=%v", guestRoot, round, long)}
	_, stat, err := conn.Create2(ctx, g.path, []byte(g.path), wire.OpenACL, wire.ModeEphemeral)
	g.czxid = stat.Czxid
	return g, err
}

// inspect compares a guest with the tree. Nobody had a reason to end a long one.
func (g *guest) inspect(o *observation) error {
	n, found := o.nodes[g.path]
	switch {
	case !found && g.long:
		return fmt.Errorf("%s is gone", g.path)
	case !found:
		g.gone = true
	case g.gone:
		return fmt.Errorf("%s has come back", g.path)
	case n.stat.EphemeralOwner != g.id || n.stat.Czxid != g.czxid || n.stat.Version != 0 || string(n.data) != g.path:
		return fmt.Errorf("%s is %q %+v, made at %v by %v", g.path, n.data, n.stat, g.czxid, g.id)
	}
	return nil
}

// leave has a guest come back, with a wrong password first, and close its
// session, which takes the ephemeral with it.
func (g *guest) leave(ctx context.Context, addr string) error {
	o := client.Options{Servers: []string{addr}, SessionTimeout: longTimeout,
		Session: g.id, Password: make([]byte, wire.PasswordSize)}
	if conn, err := client.Dial(ctx, o); !errors.Is(err, client.ErrSessionExpired) {
		if err == nil {
			conn.Abandon()
		}
		return fmt.Errorf("a wrong password was answered with %v", err)
	}
	o.Password = g.passw
	conn, err := client.Dial(ctx, o)
	if err != nil {
		return fmt.Errorf("session %v of %s: %w", g.id, g.path, err)
	}
	mine, err := conn.Ephemerals(ctx, "/")
	if err == nil && (len(mine) != 1 || mine[0] != g.path) {
		err = fmt.Errorf("session %v has the ephemerals %q, %q expected", g.id, mine, g.path)
	}
	return errors.Join(err, conn.Close(ctx))
}
