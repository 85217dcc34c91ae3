package client

import (
	"fmt"
	"testing"

	"troupe/wire"
)

func TestChroot_EveryRequest(t *testing.T) {
	for _, req := range []wire.Request{
		&wire.Create{Kind: wire.OpCreateTTL, Path: "/a", TTL: 5}, &wire.Delete{Path: "/a", Version: 1},
		&wire.SetData{Path: "/a", Version: 1}, &wire.SetACL{Path: "/a", Version: 1}, &wire.Check{Path: "/a", Version: 1},
		&wire.Exists{Path: "/a", Watch: true}, &wire.GetData{Path: "/a", Watch: true}, &wire.GetACL{Path: "/a"},
		&wire.GetChildren{Path: "/a", Watch: true, WithStat: true}, &wire.GetAllChildrenNumber{Path: "/a"},
		&wire.GetEphemerals{Prefix: "/a"}, &wire.Sync{Path: "/a"}, &wire.AddWatch{Path: "/a", Mode: 1},
		&wire.Watches{Kind: wire.OpRemoveWatches, Path: "/a", Type: 3},
		&wire.SetWatches{Kind: wire.OpSetWatches2, Relative: 1, Data: []string{"/a"}, Exist: []string{"/a"},
			Child: []string{"/a"}, Persistent: []string{"/a"}, Recursive: []string{"/a"}},
		&wire.Multi{Ops: []wire.Request{&wire.Delete{Path: "/a"}}},
		&wire.MultiRead{Ops: []wire.Request{&wire.GetData{Path: "/a"}}},
	} {
		if same := addChroot("", req); same != req {
			t.Errorf("%v without a chroot is another request", req.Op())
		}
		got, want := encoded(addChroot("/r", req)), encoded(rooted(req))
		if got != want {
			t.Errorf("%v: %q, want %q", req.Op(), got, want)
		}
	}
	if got := addChroot("/r", &wire.Sync{Path: "/"}).(*wire.Sync).Path; got != "/r" {
		t.Errorf("the root becomes %s", got)
	}
}

func encoded(r wire.Request) string {
	var e wire.Encoder
	e.RequestFrame(1, r)
	return string(e.Bytes())
}

// rooted is req with every "/a" in it made "/r/a", found by its bytes.
func rooted(req wire.Request) wire.Request {
	var e wire.Encoder
	e.EncodeRequest(req)
	var body []byte
	for b := e.Bytes(); len(b) > 0; {
		if len(b) >= 6 && string(b[:6]) == "\x00\x00\x00\x02/a" {
			body, b = append(body, "\x00\x00\x00\x04/r/a"...), b[6:]
			continue
		}
		body, b = append(body, b[0]), b[1:]
	}
	out, err := wire.DecodeRequest(req.Op(), body)
	if err != nil {
		panic(fmt.Sprint(req.Op(), err))
	}
	return out
}

func TestChroot_Replies(t *testing.T) {
	for path, want := range map[string]string{"/r": "/", "/r/a": "/a", "/rx": "/rx", "/": "/"} {
		if got := stripPath("/r", path); got != want {
			t.Errorf("%s becomes %s, want %s", path, got, want)
		}
	}
	made := stripBody("/r", wire.OpCreate2, &wire.PathStatReply{Path: "/r/a"}).(*wire.PathStatReply)
	mine := stripBody("/r", wire.OpGetEphemerals, &wire.NamesReply{Names: []string{"/r/a"}}).(*wire.NamesReply)
	names := stripBody("/r", wire.OpGetChildren, &wire.NamesReply{Names: []string{"/r/a"}}).(*wire.NamesReply)
	multi := stripBody("/r", wire.OpMulti, &wire.MultiReply{Results: []wire.Result{
		{Op: wire.OpCreate, Body: &wire.PathReply{Path: "/r/a"}}, {Op: wire.OpDelete}}}).(*wire.MultiReply)
	got := fmt.Sprint(made.Path, mine.Names, names.Names, multi.Results[0].Body.(*wire.PathReply).Path, multi.Results[1].Body)
	if want := "/a[/a] [/r/a]/a<nil>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
