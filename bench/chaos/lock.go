package chaos

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

// Locks and elections go by the usual recipe: whose ephemeral has the lowest
// number holds, everyone else watches the one before its own. The czxid of that
// ephemeral fences: what a lock guards is written only by a multi that checks that
// the ephemeral is there.

const (
	locks     = root + "/lock"
	elections = root + "/election"
	guardName = "/guarded"
	queueName = "/queue"
	mostHeld  = 8 // writes of what is guarded in one turn
	// waitAgain is when one that waits looks again, though nothing has told it to.
	waitAgain = 3 * time.Second
)

func lockPaths() (paths []string) {
	for _, dir := range []string{locks, elections} {
		paths = append(paths, dir, dir+guardName, dir+queueName)
	}
	return paths
}

// lock takes the lock for a while, and mostly gives it back as one should.
func (w *worker) lock(ctx context.Context) error {
	mine, err := w.hold(ctx, locks)
	if err != nil || w.rnd.IntN(5) == 0 {
		return cmp.Or(err, errClose)
	}
	if err := w.session.Delete(ctx, mine, client.AnyVersion); err != nil {
		return errClose // nobody knows whether it is still there
	}
	return nil
}

// candidate leads until its session ends.
func (w *worker) candidate(ctx context.Context) error {
	if _, err := w.hold(ctx, elections); err != nil {
		return err
	}
	if w.rnd.IntN(3) == 0 {
		return errClose
	}
	return errDrop
}

// hold waits for its turn and writes what is guarded. It returns the path of its
// ephemeral.
func (w *worker) hold(ctx context.Context, dir string) (string, error) {
	mine, stat, err := w.session.Create2(ctx, dir+queueName+"/n-", nil, wire.OpenACL, wire.ModeEphemeralSequential)
	if err != nil {
		if client.OutcomeUnknown(err) {
			return "", errClose // else nobody removes it
		}
		return "", err
	}
	for first := false; !first; {
		if first, err = w.turn(ctx, dir+queueName, mine); err != nil {
			return "", err
		}
	}
	w.tell(Op{Kind: Hold, Path: dir, Got: mine, Made: stat.Czxid})
	for range 1 + w.rnd.IntN(mostHeld) {
		o, err := w.ask(ctx, Op{Kind: Guard, Path: dir, Got: mine, Value: mine, Made: stat.Czxid})
		if o.Outcome == Refused || over(err) || ctx.Err() != nil {
			return "", cmp.Or(err, errClose) // it holds no longer
		}
		if w.rnd.IntN(10*mostHeld) == 0 {
			w.hop(ctx)
		}
	}
	return mine, nil
}

// turn tells whether it is the session's turn, or waits for a change.
func (w *worker) turn(ctx context.Context, dir, mine string) (bool, error) {
	select {
	case <-w.fired: // for something before
	default:
	}
	names, _, err := w.session.Children(ctx, dir, false)
	if err == nil {
		slices.Sort(names)
		at := slices.Index(names, strings.TrimPrefix(mine, dir+"/"))
		if at < 0 {
			return false, errClose // it has expired
		}
		if at == 0 {
			return true, nil
		}
		if _, err = w.session.Exists(ctx, dir+"/"+names[at-1], true); err == nil {
			select {
			case <-w.fired:
			case <-time.After(waitAgain):
			case <-ctx.Done():
			}
		}
	}
	if over(err) || ctx.Err() != nil {
		return false, cmp.Or(err, ctx.Err())
	}
	return false, nil // whatever has failed: from the beginning
}

// guarded is the write of what a lock guards.
func (o *Op) guarded() wire.Request {
	return &wire.Multi{Ops: []wire.Request{
		&wire.Check{Path: o.Got, Version: 0},
		&wire.SetData{Path: o.Path + guardName, Data: []byte(o.Value), Version: client.AnyVersion}}}
}

// exclusive looks for two holders of a lock: in the order of commits, and in time,
// where one holds from when it knew until it began its last write that was done.
func exclusive(e *Evidence) (found []Violation) {
	type hold struct {
		op    Op
		until time.Duration
	}
	holds := make(map[string][]*hold)
	of := make(map[wire.Zxid]*hold)
	guards := make(map[string][]Op)
	for _, o := range begun(e.Ops) {
		switch {
		case o.Kind == Hold:
			h := &hold{o, o.Ended}
			of[o.Made] = h
			holds[o.Path] = append(holds[o.Path], h)
		case o.Kind == Guard && o.Outcome == Done:
			guards[o.Path] = append(guards[o.Path], o)
			if h := of[o.Made]; h != nil {
				h.until = max(h.until, o.Begun)
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(holds)) {
		var longest *hold
		for _, h := range holds[path] {
			if longest != nil && h.op.Ended < longest.until {
				found = append(found, Violation{What: fmt.Sprintf("%s: session %d holds from %v, session %d from %v to %v",
					path, h.op.Session, h.op.Ended, longest.op.Session, longest.op.Ended, longest.until)})
			}
			if longest == nil || h.until > longest.until {
				longest = h
			}
		}
		slices.SortFunc(guards[path], func(a, b Op) int { return cmp.Compare(a.Zxid, b.Zxid) })
		for i, o := range guards[path] {
			if i > 0 && o.Made < guards[path][i-1].Made {
				found = append(found, Violation{What: fmt.Sprintf("%s: session %d writes with token %v at %v, after token %v has been there",
					path, o.Session, o.Made, o.Zxid, guards[path][i-1].Made)})
			}
		}
	}
	return found
}
