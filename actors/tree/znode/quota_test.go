package znode

import (
	"testing"

	"troupe/wire"
)

// limit puts a quota on path: the nodes on the way, limits, then stats.
func (w *world) limit(path, limits string) {
	w.Helper()
	at := quotaPath
	for _, name := range splitNames(path) {
		at += "/" + name
		if z, _ := w.tree.Lookup(at); z == nil {
			w.ok(create(at))
		}
	}
	w.ok(createData(at+limitsName, limits), createData(at+statsName, "whatever the client says"))
}

func splitNames(path string) (names []string) {
	for path != "/" && path != "" {
		parent, name := wire.SplitPath(path)
		names, path = append([]string{name}, names...), parent
	}
	return names
}

func (w *world) usage(path, want string) {
	w.Helper()
	if got := w.data(quotaPath + path + statsName); got != want {
		w.Errorf("the quota on %s says %s, want %s", path, got, want)
	}
}

func TestQuota_Stats(t *testing.T) {
	w := newWorld(t)
	w.ok(createData("/a", "123"), createData("/a/b", "4567"), create("/ab"))
	w.limit("/a", "count=100,bytes=1000")
	w.usage("/a", "count=2,bytes=7")
	born := w.stat(quotaPath + "/a" + statsName)
	w.ok(createData("/a/c", "x"), set("/a", "12345"), create("/ab/x"), createMode("/a/e", wire.ModeEphemeral),
		createMode("/a/s", wire.ModePersistentSequential), createData("/a/b/d", "deep"))
	w.usage("/a", "count=6,bytes=14")
	w.ok(del("/a/c"), del("/a/b/d"), &wire.CloseSession{})
	w.usage("/a", "count=3,bytes=9")
	w.open(testSession)
	w.ok(multi(createData("/a/m", "12"), set("/a/m", "123"), createData("/a/n", "1"), del("/a/n")))
	w.usage("/a", "count=4,bytes=12")
	now := w.stat(quotaPath + "/a" + statsName)
	now.DataLength = born.DataLength
	if now != born {
		t.Errorf("counting moves %+v to %+v", born, now)
	}
}

func TestQuota_StatsFireNothing(t *testing.T) {
	w := newWorld(t)
	w.ok(create("/a"))
	w.limit("/a", "count=9")
	w.ok(create("/a/b"))
	if got := eventNames(w.events); got != "created /a/b, children /a" {
		t.Error(got)
	}
}

func TestQuota_Registration(t *testing.T) {
	w := newWorld(t)
	w.ok(create("/a"), create(quotaPath+"/a"), create(quotaPath+"/a"+statsName))
	w.usage("/a", "count=1,bytes=0")
	w.ok(create("/a/x"))
	w.usage("/a", "count=1,bytes=0") // no limits, no counting
	w.ok(create(quotaPath+"/a"+limitsName), create("/a/y"))
	w.usage("/a", "count=2,bytes=0") // on from what it says
	w.ok(del(quotaPath+"/a"+limitsName), create("/a/z"))
	w.usage("/a", "count=2,bytes=0")
	w.ok(create(quotaPath+"/a"+limitsName), set(quotaPath+"/a"+statsName, "count=100,bytes=100"), create("/a/w"))
	w.usage("/a", "count=101,bytes=100")
	w.ok(del(quotaPath+"/a"+statsName), create("/a/v"))
	w.ok(create(quotaPath + "/a" + statsName))
	w.usage("/a", "count=6,bytes=0")
	w.ok(create(quotaPath+"/none"), create(quotaPath+"/none"+statsName))
	w.usage("/none", "count=0,bytes=0")
	w.ok(create("/m"), multi(create(quotaPath+"/m"), create(quotaPath+"/m"+limitsName), createData("/m/x", "12"),
		create(quotaPath+"/m"+statsName), createData("/m/y", "3")))
	w.usage("/m", "count=3,bytes=3")
}

func TestQuota_NearestCountsAlone(t *testing.T) {
	w := newWorld(t)
	w.ok(create("/o"), create("/o/p"))
	w.limit("/o", "count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=3")
	w.limit("/o/p", "count=5")
	w.usage("/o", "count=2,bytes=0")
	w.ok(create("/o/p/1"), create("/o/p/2"), create("/o/p/3"), set("/o/p", "x"))
	w.usage("/o", "count=2,bytes=0")
	w.usage("/o/p", "count=4,bytes=1")
	w.ok(create("/o/1"))
	w.fails(wire.QuotaExceeded, create("/o/2"))
	w.ok(create("/o/p/4"))
}

func TestQuota_HardLimits(t *testing.T) {
	w := newWorld(t)
	w.ok(createData("/q", "12"))
	w.limit("/q", "count=1,bytes=1=;byteHardLimit=10;countHardLimit=3") // soft ones never fail
	w.ok(create("/q/a"), create("/q/b"))
	w.fails(wire.NodeExists, create("/q/a"))
	w.fails(wire.QuotaExceeded, create("/q/c"))
	w.fails(wire.QuotaExceeded, createMode("/q/c", wire.ModeEphemeralSequential))
	w.ok(set("/q/a", "12345678")) // exactly ten
	w.fails(wire.QuotaExceeded, set("/q/a", "123456789"))
	w.fails(wire.QuotaExceeded, &wire.SetData{Path: "/q/b", Data: []byte("1"), Version: 99}) // before BadVersion
	w.ok(setACL("/q/b", anyone(wire.PermAll&^wire.PermWrite)))
	w.fails(wire.NoAuth, set("/q/b", "1")) // after NoAuth
	w.ok(del("/q/b"), set("/q/a", "1"), createData("/q/c", "1234567"))
	w.usage("/q", "count=3,bytes=10")
	w.flags &^= wire.FlagEnforceQuota
	w.ok(create("/q/d"), set("/q/d", "far more than ten bytes"))
	w.flags |= wire.FlagEnforceQuota
	w.fails(wire.QuotaExceeded, set("/q/d", "still more")) // smaller, but above the limit
	w.ok(set("/q/d", ""))
	w.ok(create("/unlimited"), set("/unlimited", "far more than ten bytes"))
}

func TestQuota_LimitsWithoutStats(t *testing.T) {
	w := newWorld(t)
	w.ok(create("/a"), create(quotaPath+"/a"), createData(quotaPath+"/a"+limitsName, "count=1=;countHardLimit=0"))
	w.ok(create("/a/b"), del("/a/b"))
}

func TestQuota_Malformed(t *testing.T) {
	w := newWorld(t)
	w.ok(create("/a"))
	w.limit("/a", "count=3 ")
	w.fails(wire.MarshallingError, create("/a/b"))
	w.fails(wire.MarshallingError, set("/a", "x"))
	w.ok(set(quotaPath+"/a"+limitsName, "count=3"), set(quotaPath+"/a"+statsName, "junk"))
	w.fails(wire.MarshallingError, create("/a/b"))
	w.flags &^= wire.FlagEnforceQuota
	w.ok(create("/a/b"), del("/a/b"))
	w.usage("/a", "junk") // left alone
}

// TestQuota_OnOurOwnBookkeeping: a quota on /zookeeper counts the nodes that
// quotas are made of, its own among them, while they come, change and go.
func TestQuota_OnOurOwnBookkeeping(t *testing.T) {
	w := newWorld(t)
	w.limit("/zookeeper", "count=100")
	stats := quotaPath + "/zookeeper" + statsName
	w.ok(create("/zookeeper/x"), create(stats+"/child"))
	if s := w.stat(stats); s.NumChildren != 1 || s.Cversion != 1 || s.Pzxid != w.zxid {
		t.Errorf("a child of the stats: %+v", s)
	}
	w.ok(del(stats + "/child"))
	if s := w.stat(stats); s.NumChildren != 0 || s.Cversion != 2 || s.Pzxid != w.zxid {
		t.Errorf("a child of the stats is gone: %+v", s)
	}
	w.ok(set(stats, "count=50,bytes=0"))
	if s := w.stat(stats); s.Version != 1 || s.Mzxid != w.zxid {
		t.Errorf("the stats are set: %+v", s)
	}
	w.ok(set("/zookeeper/x", "12345"), del(stats))
	w.gone(stats)
	w.ok(create(stats), multi(set(stats, "count=1,bytes=1"), create("/zookeeper/y"), del(stats), del("/zookeeper/y")))
	w.ok(create(stats), del(quotaPath+"/zookeeper"+limitsName), del(stats), del(quotaPath+"/zookeeper"))
}

// TestQuota_OnTheRoot is allowed, and charges nobody.
func TestQuota_OnTheRoot(t *testing.T) {
	w := newWorld(t)
	w.ok(createData(quotaPath+limitsName, "count=0=;countHardLimit=0"), create(quotaPath+statsName), create("/a"),
		set("/", "x"), del("/a"), del(quotaPath+limitsName), del(quotaPath+statsName))
}

func TestParseUsage(t *testing.T) {
	for data, want := range map[string]usage{
		"":                        {-1, -1, -1, -1},
		"count=4,bytes=9":         {4, 9, -1, -1},
		"count=1":                 {1, -1, -1, -1},
		"bytes=-1=":               {-1, -1, -1, -1},
		"x=1":                     {-1, -1, -1, -1},
		"count=1;count=2,count=3": {3, -1, -1, -1},
		"count=4,bytes=9=;byteHardLimit=15;countHardLimit=4": {4, 9, 15, 4},
		"bytes=9223372036854775807":                          {-1, 1<<63 - 1, -1, -1},
	} {
		got, ok := parseUsage([]byte(data))
		if !ok || got != want {
			t.Errorf("%q: %+v, %v", data, got, ok)
		}
		if again, ok := parseUsage(got.encode()); !ok || again != want {
			t.Errorf("%q: %q reads as %+v", data, got.encode(), again)
		}
	}
	for _, bad := range []string{"count", "count=x", "junk", "count=3 ", "bytes=9223372036854775808"} {
		if u, ok := parseUsage([]byte(bad)); ok {
			t.Errorf("%q: %+v", bad, u)
		}
	}
	if _, ok := parseUsage(nil); ok {
		t.Error("null data is taken")
	}
}
