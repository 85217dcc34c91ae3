package wire

import (
	"math/rand"
	"strings"
)

// sampleStat has a value of its own in every field, so that none can be taken
// for another.
var sampleStat = Stat{Czxid: 0x100000002, Mzxid: 0x100000003, Ctime: 1700000000004, Mtime: 1700000000005,
	Version: 6, Cversion: -7, Aversion: 8, EphemeralOwner: -0x7ffffffffffffff6, DataLength: 10,
	NumChildren: 11, Pzxid: 0x10000000c}

var sampleACL = []ACL{{PermRead | PermAdmin, ID{"digest", "jo:aGFzaA=="}}, {-1, ID{"ip", "10.0.0.0/8"}}}

// sampleRequests has every kind of request, with every field set.
func sampleRequests() []Request {
	reads := []Request{&GetData{Path: "/r"}, &GetChildren{Path: "/c", Watch: true}}
	writes := []Request{
		&Create{Kind: OpCreate, Path: "/m", Data: []byte("d"), ACL: OpenACL},
		&Create{Kind: OpCreate2, Path: "/m2", ACL: sampleACL, Mode: ModeEphemeralSequential},
		&Create{Kind: OpCreateContainer, Path: "/mc", Data: []byte{}, ACL: OpenACL, Mode: ModeContainer},
		&Create{Kind: OpCreateTTL, Path: "/mt", ACL: OpenACL, Mode: ModeTTL, TTL: 1 << 40},
		&Delete{Path: "/m", Version: 3}, &SetData{Path: "/m", Data: []byte("x"), Version: -1},
		&Check{Path: "/m", Version: 5}, reads[0],
	}
	return []Request{
		&Create{Kind: OpCreate, Path: "/a", Data: []byte("data"), ACL: sampleACL, Mode: ModePersistentSequential},
		&Create{Kind: OpCreate, Path: "", ACL: nil, Mode: -1},
		&Create{Kind: OpCreate2, Path: "/a", Data: []byte{}, ACL: OpenACL, Mode: ModeEphemeral},
		&Create{Kind: OpCreateContainer, Path: "/c", ACL: OpenACL, Mode: ModeContainer},
		&Create{Kind: OpCreateTTL, Path: "/t", Data: []byte{0, 255}, ACL: ReadACL, Mode: ModeTTLSequential, TTL: -2},
		&Delete{Path: "/d", Version: 1 << 30}, &Exists{Path: "/e", Watch: true}, &GetData{Path: "/g\u00e4", Watch: true},
		&SetData{Path: "/s", Data: []byte("new"), Version: 9}, &SetData{Path: "/s", Version: -1},
		&GetACL{Path: "/ga"}, &SetACL{Path: "/sa", ACL: sampleACL, Version: 2},
		&GetChildren{Path: "/gc", Watch: true}, &GetChildren{Path: "/gc", WithStat: true},
		&Sync{Path: "/sy"}, &Ping{}, &Check{Path: "/ch", Version: -2},
		&Multi{Ops: writes}, &Multi{}, &MultiRead{Ops: reads}, &MultiRead{},
		&Reconfig{Joining: "j", Leaving: "l", NewMembers: "n", ConfigID: -1},
		&Watches{Kind: OpCheckWatches, Path: "/w", Type: WatcherAny},
		&Watches{Kind: OpRemoveWatches, Path: "/w", Type: WatcherData},
		&DeleteContainer{Path: "/dc", Czxid: 0x700000001, Mtime: 1700000000000},
		&Auth{Type: 4, Scheme: "digest", Auth: []byte("jo:pw")}, &Auth{},
		&SetWatches{Kind: OpSetWatches, Relative: 0x2a, Data: []string{"/a", ""}, Exist: []string{"/b"}, Child: []string{"/c"}},
		&SetWatches{Kind: OpSetWatches2, Relative: ^Zxid(0), Data: []string{"/a"}, Exist: []string{"/b"},
			Child: []string{"/c"}, Persistent: []string{"/d"}, Recursive: []string{"/e", "/f"}},
		&SetWatches{Kind: OpSetWatches2},
		&Sasl{Token: []byte("token")}, &Sasl{}, &GetEphemerals{Prefix: "/p"}, &GetAllChildrenNumber{Path: "/n"},
		&AddWatch{Path: "/aw", Mode: WatchPersistentRecursive}, &WhoAmI{},
		&CreateSession{Timeout: 30000, Password: []byte("0123456789abcdef")}, &CloseSession{},
	}
}

// sampleReply is a reply's body and the operation that it answers.
type sampleReply struct {
	op   OpCode
	body Body
}

func sampleReplies() []sampleReply {
	results := []Result{
		{Op: OpCreate, Body: &PathReply{"/m"}}, {Op: OpCreate2, Body: &PathStatReply{"/m2", sampleStat}},
		{Op: OpSetData, Body: &StatReply{sampleStat}}, {Op: OpDelete}, {Op: OpCheck},
		{Op: OpError, Err: NoNode}, {Op: OpError, Err: OK}, {Op: OpError, Err: RuntimeInconsistency},
		{Op: OpGetData, Body: &DataReply{[]byte("x"), sampleStat}}, {Op: OpGetChildren, Body: &NamesReply{Names: []string{"c"}}},
	}
	return []sampleReply{
		{OpCreate, &PathReply{"/a"}}, {OpSync, &PathReply{"/s"}},
		{OpCreate2, &PathStatReply{"/a", sampleStat}}, {OpCreateContainer, &PathStatReply{"/a", sampleStat}},
		{OpCreateTTL, &PathStatReply{"/a", sampleStat}},
		{OpExists, &StatReply{sampleStat}}, {OpSetData, &StatReply{sampleStat}}, {OpSetACL, &StatReply{sampleStat}},
		{OpGetData, &DataReply{[]byte("data"), sampleStat}}, {OpGetData, &DataReply{nil, sampleStat}},
		{OpGetData, &DataReply{[]byte{}, sampleStat}}, {OpReconfig, &DataReply{[]byte("servers"), sampleStat}},
		{OpGetACL, &ACLReply{sampleACL, sampleStat}},
		{OpGetChildren, &NamesReply{Names: []string{"x", "yy"}}}, {OpGetChildren, &NamesReply{}},
		{OpGetEphemerals, &NamesReply{Names: []string{"/e"}}}, {OpGetChildren2, &NamesStatReply{Names: []string{"z"}, Stat: sampleStat}},
		{OpGetAllChildrenNumber, &CountReply{1 << 30}}, {OpAddWatch, &CodeReply{NoWatcher}},
		{OpWhoAmI, &WhoAmIReply{[]ID{{"ip", "127.0.0.1"}, {"digest", "jo"}}}},
		{OpMulti, &MultiReply{results}}, {OpMulti, &MultiReply{}}, {OpMultiRead, &MultiReply{results[5:]}},
		{OpNotification, &WatchEvent{EventNodeDeleted, StateSyncConnected, "/w"}},
		{OpDelete, nil}, {OpCheck, nil}, {OpPing, nil}, {OpAuth, nil}, {OpSetWatches, nil}, {OpSetWatches2, nil},
		{OpCheckWatches, nil}, {OpRemoveWatches, nil}, {OpCloseSession, nil},
	}
}

// maker makes values at random.
type maker struct{ *rand.Rand }

func (m maker) string() string {
	const letters = "/ab.\u00e4\u4e2d \x00"
	runes := []rune(letters)
	var b strings.Builder
	for n := m.Intn(8); n > 0; n-- {
		b.WriteRune(runes[m.Intn(len(runes))])
	}
	return b.String()
}

func (m maker) bytes() []byte {
	n := m.Intn(20) - 1
	if n < 0 {
		return nil
	}
	b := make([]byte, n)
	m.Read(b)
	return b
}

func (m maker) strings() []string {
	var v []string
	for n := m.Intn(4); n > 0; n-- {
		v = append(v, m.string())
	}
	return v
}

func (m maker) ids() []ID {
	var v []ID
	for n := m.Intn(4); n > 0; n-- {
		v = append(v, ID{m.string(), m.string()})
	}
	return v
}

func (m maker) acl() []ACL {
	var v []ACL
	for _, id := range m.ids() {
		v = append(v, ACL{Perm(m.i32()), id})
	}
	return v
}

// i32 and i64 prefer numbers at the ends of their range.
func (m maker) i32() int32 { return int32(m.i64() >> (m.Intn(2) * 32)) }

func (m maker) i64() int64 {
	edges := []int64{0, 1, -1, 1<<31 - 1, -1 << 31, 1<<32 - 1, 1 << 32, 1<<63 - 1, -1 << 63, 127, 128, -32, -33, 255, 256, 65535, 65536}
	if m.Intn(2) == 0 {
		return edges[m.Intn(len(edges))]
	}
	return int64(m.Uint64())
}

// request makes any request; depth bounds how multis nest, which is not at all.
func (m maker) request(inMulti bool) Request {
	p := m.string()
	switch n := m.Intn(20); {
	case n < 4:
		r := &Create{Kind: []OpCode{OpCreate, OpCreate2, OpCreateContainer, OpCreateTTL}[n], Path: p,
			Data: m.bytes(), ACL: m.acl(), Mode: CreateMode(m.i32())}
		if r.Kind == OpCreateTTL {
			r.TTL = m.i64()
		}
		return r
	case n == 4:
		return &Delete{p, m.i32()}
	case n == 5:
		return &SetData{p, m.bytes(), m.i32()}
	case n == 6:
		return &Check{p, m.i32()}
	case n == 7:
		return &GetData{p, m.Intn(2) == 0}
	case n == 8 || inMulti:
		return &GetChildren{Path: p, Watch: m.Intn(2) == 0}
	}
	return m.other(p)
}

func (m maker) other(p string) Request {
	switch m.Intn(12) {
	case 0:
		return &Multi{m.members()}
	case 1:
		return &MultiRead{m.members()}
	case 2:
		return &SetACL{p, m.acl(), m.i32()}
	case 3:
		return &SetWatches{OpSetWatches2, Zxid(m.i64()), m.strings(), m.strings(), m.strings(), m.strings(), m.strings()}
	case 4:
		return &Reconfig{p, m.string(), m.string(), m.i64()}
	case 5:
		return &CreateSession{m.i32(), m.bytes()}
	case 6:
		return &DeleteContainer{p, Zxid(m.i64()), m.i64()}
	case 7:
		return &Exists{p, m.Intn(2) == 0}
	case 8:
		return &AddWatch{p, AddWatchMode(m.i32())}
	case 9:
		return &Watches{OpRemoveWatches, p, WatcherType(m.i32())}
	case 10:
		return &Auth{m.i32(), p, m.bytes()}
	}
	return &GetEphemerals{p}
}

func (m maker) members() []Request {
	var ops []Request
	for n := m.Intn(5); n > 0; n-- {
		ops = append(ops, m.request(true))
	}
	return ops
}

func (m maker) record() *Record {
	return &Record{Zxid: Zxid(m.i64()), Eval: uint8(m.Intn(256)), Op: OpCode(m.i32()), Time: m.i64(),
		Session: SessionID(m.i64()), Generation: Generation(m.i64()), Cxid: Xid(m.i32()),
		Flags: RecordFlags(m.Intn(256)), Auth: m.ids(), Body: m.bytes()}
}

func (m maker) znode() *Znode {
	acl := append([]ACL{}, m.acl()...)
	return &Znode{Data: m.bytes(), ACL: &acl, Czxid: Zxid(m.i64()), Mzxid: Zxid(m.i64()), Pzxid: Zxid(m.i64()),
		Ctime: m.i64(), Mtime: m.i64(), Version: m.i32(), Aversion: m.i32(), Creates: m.i32(),
		Kind: NodeKind(m.Intn(4)), Owner: m.i64()}
}

func (m maker) session() *Session { return &Session{m.i32() & (1<<31 - 1), m.bytes()} }

// allOps are the numbers among which every operation lies.
func allOps(f func(OpCode)) {
	for op := OpCode(-120); op <= 120; op++ {
		f(op)
	}
}
