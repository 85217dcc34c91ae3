package chaos

import (
	"context"
	"fmt"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

// request is what a server is asked.
func (o *Op) request() wire.Request {
	switch o.Kind {
	case Read, Peek, Member:
		return &wire.GetData{Path: o.Path}
	case Write, Stamp, Touch, Refill:
		return &wire.SetData{Path: o.Path, Data: []byte(o.Value), Version: client.AnyVersion}
	case Swap, Count:
		return &wire.SetData{Path: o.Path, Data: []byte(o.Value), Version: o.If}
	case Create, Push, Fill, Make:
		return o.create(wire.ModePersistent)
	case Sequence:
		return o.create(wire.ModePersistentSequential)
	case Live:
		return o.create(wire.ModeEphemeral)
	case Drain, Remove:
		return &wire.Delete{Path: o.Path, Version: client.AnyVersion}
	case Clear:
		m := &wire.Multi{}
		for _, p := range o.clears() {
			m.Ops = append(m.Ops, &wire.Delete{Path: p, Version: client.AnyVersion})
		}
		return m
	case Group, Doomed:
		return o.transaction()
	case Guard:
		return o.guarded()
	case Follow:
		return &wire.AddWatch{Path: o.Path, Mode: follows[o.Value]}
	case Watch, See:
		if o.Value == ofChildren {
			return &wire.GetChildren{Path: o.Path, WithStat: true, Watch: o.Kind == Watch}
		}
		return &wire.Exists{Path: o.Path, Watch: o.Kind == Watch}
	case Look:
		return &wire.Exists{Path: o.Path}
	case Close:
		return &wire.CloseSession{}
	}
	panic(fmt.Sprintf("%s is not asked of a server", o.Kind))
}

func (o *Op) create(mode wire.CreateMode) wire.Request {
	acl := wire.OpenACL
	if o.Kind == Create && len(o.Path)%2 == 0 { // so that there are others
		acl = append(acl[:1:1], wire.ACL{Perms: wire.PermRead, ID: wire.ID{Scheme: "ip", ID: "127.0.0.1"}})
	}
	return &wire.Create{Kind: wire.OpCreate2, Path: o.Path, Data: []byte(o.Value), ACL: acl, Mode: mode}
}

// learn takes in a reply.
func (o *Op) learn(r *client.Reply) error {
	body, err := r.Body()
	switch b := body.(type) {
	case *wire.DataReply:
		o.Got = string(b.Data)
		o.show(&b.Stat)
	case *wire.StatReply:
		o.show(&b.Stat)
	case *wire.PathStatReply:
		o.Got = b.Path
		o.show(&b.Stat)
	case *wire.NamesStatReply:
		o.Version, o.Zxid, o.Made = b.Stat.Cversion, b.Stat.Pzxid, b.Stat.Czxid
	case *wire.MultiReply:
		err = o.parts(b.Results)
	}
	o.settle(err)
	return err
}

func (o *Op) show(s *wire.Stat) {
	o.Version, o.Zxid = s.Version, s.Mzxid
	if o.Kind != Guard {
		o.Made = s.Czxid
	}
}

// parts takes in the results of a multi.
func (o *Op) parts(results []wire.Result) error {
	for i, r := range results {
		if r.Err != wire.OK && r.Err != wire.RuntimeInconsistency {
			return fmt.Errorf("part %d: %w", i, r.Err)
		}
		if b, ok := r.Body.(*wire.StatReply); ok {
			o.show(&b.Stat)
		}
	}
	return nil
}

// ask carries out an operation. What became of it is noted where replies and
// events come in, so that a history has them in the order in which they came.
func (w *worker) ask(ctx context.Context, o Op) (Op, error) {
	o.Session = w.number
	conn, err := w.session.Wait(ctx)
	if err == nil {
		o.Server = conn.Server()
	}
	if o.Begun = time.Since(w.began); err == nil && (o.Kind == Read || o.Kind == Look) {
		err = w.session.Sync(ctx, o.Path)
	}
	if err == nil {
		ended := make(chan error, 1)
		err = w.session.Go(o.request(), func(r client.Reply) { ended <- w.answered(&o, &r) })
		if err == nil {
			err = <-ended // a connection that ends ends this too
			return o, err
		}
	}
	o.settle(err)
	w.history.add(&o)
	return o, err
}

func (w *worker) answered(o *Op, r *client.Reply) error {
	err := o.learn(r)
	w.history.add(o)
	return err
}

// tell notes what was asked of nobody.
func (w *worker) tell(o Op) {
	o.Session, o.Begun, o.Outcome = w.number, time.Since(w.began), Done
	w.history.add(&o)
}
