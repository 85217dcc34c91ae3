package quorum

import (
	"maps"
	"strings"
	"testing"

	"troupe/wire"
)

// TestAccount_FindsEveryFalsification: a true tree is found true, each false one false.
func TestAccount_FindsEveryFalsification(t *testing.T) {
	w := &writer{root: "/load/w", padding: "xx"}
	truth := snapshot{}
	add := func(path, data string, zxid wire.Zxid, version int32) {
		truth[path] = node{data, wire.Stat{Czxid: zxid, Mzxid: zxid, Version: version}}
	}
	for i := range 12 { // the counter is set at 0, 5 and 10
		w.conns = i / 8
		r, req := w.next()
		zxid := wire.Zxid(100 + i)
		if r.known = i < 6 || i == 8; r.known {
			r.zxid = zxid
		}
		switch req := req.(type) {
		case *wire.Create:
			path := req.Path + string(rune('a'+i))
			if r.known {
				r.path = path
			}
			if i < 7 || i == 8 { // 7, 9 and 11 never happened
				add(path, string(req.Data), zxid, 0)
			}
		case *wire.SetData:
			if r.known {
				add(w.counter(), string(req.Data), 50, req.Version+1)
			}
		}
	}
	if c := w.complaints(truth); len(c) > 0 {
		t.Fatalf("the truth: %s", strings.Join(c, "\n"))
	}
	at := func(i int) string { return "/load/w/s-" + string(rune('a'+i)) }
	for name, falsify := range map[string]func(s snapshot){
		"lost":              func(s snapshot) { delete(s, at(3)) },
		"twice":             func(s snapshot) { s[at(20)] = s[at(3)] },
		"from nowhere":      func(s snapshot) { s[at(20)] = node{data: "what"} },
		"moved":             func(s snapshot) { s[at(20)] = s[at(3)]; delete(s, at(3)) },
		"other zxid":        func(s snapshot) { s[at(3)] = node{s[at(3)].data, wire.Stat{Czxid: 77}} },
		"half done":         func(s snapshot) { s[at(3)] = node{"", s[at(3)].stat} },
		"a gap":             func(s snapshot) { s[at(7)] = node{w.requests[7].data + "xx", s[at(6)].stat}; delete(s, at(6)) },
		"late":              func(s snapshot) { s[at(6)] = node{s[at(6)].data, wire.Stat{Czxid: 300}} },
		"a set is lost":     func(s snapshot) { s[w.counter()] = node{w.requests[0].data, wire.Stat{Version: 1}} },
		"a set twice":       func(s snapshot) { s[w.counter()] = node{s[w.counter()].data, wire.Stat{Version: 3}} },
		"the counter is no": func(s snapshot) { delete(s, w.counter()) },
	} {
		s := maps.Clone(truth)
		falsify(s)
		if len(w.complaints(s)) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
}
