package differential

import (
	"encoding/hex"
	"reflect"
	"slices"
	"testing"

	"troupe/wire"
)

func TestBody(t *testing.T) {
	for _, tt := range []struct{ tokens, want string }{
		{`/a "b\x00" ""`, "00000002" + "2f61" + "00000002" + "6200" + "00000000"},
		{`null 7 -1 258L yes no`, "ffffffff" + "00000007" + "ffffffff" + "0000000000000102" + "01" + "00"},
		{`zxid zxid+1 zxid-16`, "0000000000000010" + "0000000000000011" + "0000000000000000"},
		{`[/a "b" null]`, "00000003" + "00000002" + "2f61" + "00000001" + "62" + "ffffffff"},
		{`acl(1:ip:1.2.3.4 31:"":null)`, "00000002" + "00000001" + "00000002" + "6970" + "00000007" +
			"312e322e332e34" + "0000001f" + "00000000" + "ffffffff"},
		{`{delete /a -1} {op:77 x'ff'} end`, "00000002" + "00" + "ffffffff" + "00000002" + "2f61" + "ffffffff" +
			"0000004d" + "00" + "ffffffff" + "ff" + "ffffffff" + "01" + "ffffffff"},
		{`fill(3) x''`, "00000003" + "787878"},
	} {
		tokens, err := tokenize(tt.tokens)
		if err != nil {
			t.Fatal(err)
		}
		got, err := body(tokens, 16)
		if err != nil || hex.EncodeToString(got) != tt.want {
			t.Errorf("%s: %x, %v, want %s", tt.tokens, got, err, tt.want)
		}
	}
}

// TestBody_Wire builds the same request here and in wire.
func TestBody_Wire(t *testing.T) {
	var e wire.Encoder
	e.EncodeRequest(&wire.Multi{Ops: []wire.Request{
		&wire.Create{Kind: wire.OpCreate, Path: "/a", Data: []byte("x"), ACL: wire.OpenACL, Mode: wire.ModeEphemeral},
		&wire.SetData{Path: "/b", Version: 3}, &wire.Check{Path: "/c", Version: -1}}})
	step, err := ParseStep(`c multi {create /a "x" open 1} {setData /b null 3} {check /c -1} end`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := body(step.Args, 0)
	if err != nil || !slices.Equal(got, e.Bytes()) {
		t.Errorf("%x, %v, want %x", got, err, e.Bytes())
	}
}

func TestParseStep_Refuses(t *testing.T) {
	for _, text := range []string{"a", "a creat /x", "a create x", `a create "x`, "a create (", "a #x exists /", "a cut",
		"a create /x acl(1:world)", "a sync 99999999999", "a multi {op:x}", "a {\n  creat\n}"} {
		if step, err := ParseStep(text); err == nil {
			t.Errorf("%q was read as %q", text, step.Text())
		}
	}
}

// TestScripts_Text writes every script back as it was read, and every step so
// that it reads as the same step.
func TestScripts_Text(t *testing.T) {
	for _, s := range scripts(t) {
		again, err := ParseScript(s.Text())
		if err != nil || again.Text() != s.Text() {
			t.Errorf("%s does not survive: %v", s.Name, err)
		}
		for _, line := range s.Lines {
			if line.Step == nil {
				continue
			}
			if step, err := ParseStep(line.Step.Text()); err != nil || !reflect.DeepEqual(step, line.Step) {
				t.Errorf("%s: %q became %v, %v", s.Name, line.Text, step, err)
			}
		}
	}
}

func TestMasks(t *testing.T) {
	m := newMasks()
	m.base = 100
	stat := wire.Stat{Czxid: 101, Mzxid: 103, Ctime: 5, Mtime: 6, Version: 1, Pzxid: 101, EphemeralOwner: 77}
	want := `"x" {c@1 m@3 p@1 v=1 cv=0 av=0 len=0 kids=0 owner=s1}`
	if got := m.show(&wire.DataReply{Data: []byte("x"), Stat: stat}); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	stat.EphemeralOwner, stat.Mzxid, stat.Ctime = 78, 101, 0
	want = `{c@1 m@1 p@1 v=1 cv=0 av=0 len=0 kids=0 owner=s2 ctime=0 times differ}`
	if got := m.show(&wire.StatReply{Stat: stat}); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := m.show(&wire.NamesReply{Names: []string{"b", "a"}}); got != `["a" "b"]` {
		t.Errorf("names %s", got)
	}
	// A reply that has more than wire reads is shown byte by byte.
	var e wire.Encoder
	(&wire.StatReply{Stat: stat}).Encode(&e)
	if got, want := m.body(wire.OpExists, append(e.Bytes(), 1)), " bytes "+hex.EncodeToString(e.Bytes())+"01"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestSortEvents(t *testing.T) {
	lines := []string{"a event NodeDeleted", "a event NodeCreated", "a ping ok @1", "b event Z", "b event A"}
	sortEvents(lines)
	want := []string{"a event NodeCreated", "a event NodeDeleted", "a ping ok @1", "b event A", "b event Z"}
	if !slices.Equal(lines, want) {
		t.Errorf("%q", lines)
	}
}

func TestSortedBlocks(t *testing.T) {
	got := sortedBlocks("/b\n\t0x2\n\t0x1\n/a\n\t0x3\n\nTotal watches:3\n")
	if want := []string{"/a 0x3", "/b 0x1 0x2", "Total watches:3"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestCompare_WhoSeesATransactionFirst is chance; whose reply it is, and which, are not.
func TestCompare_WhoSeesATransactionFirst(t *testing.T) {
	is := same("b")
	for _, lines := range [][2]string{{"c ping ok @4", "w ping ok @4"}, {"b closed", "b closed"}} {
		if !is(lines[0], lines[1]) {
			t.Errorf("%q are taken to differ", lines)
		}
	}
	for _, lines := range [][2]string{{"c ping ok @4", "c ping ok @5"}, {"b ping ok @4", "c ping ok @4"}, {"c closed", "w closed"}} {
		if is(lines[0], lines[1]) {
			t.Errorf("%q are taken to be the same", lines)
		}
	}
}

func TestCompare(t *testing.T) {
	recorded, err := ParseScript("a connect\n< a connected\na quiet check / -1\n< a no reply to check @3\na ping\n< a ping ok @3\n")
	if err != nil {
		t.Fatal(err)
	}
	played, err := ParseScript("a connect\n< a connected\na quiet check / -1\n< a check ok @3\na ping\n< a ping ok @4\n")
	if err != nil {
		t.Fatal(err)
	}
	differences, explained := Compare(recorded, played, false)
	if len(differences) != 1 || differences[0].Step != "a ping" || differences[0].Troupe[0] != "a ping ok @4" {
		t.Errorf("differences %v", differences)
	}
	if len(explained) != 1 {
		t.Errorf("explained %v", explained)
	}
}

func TestShrink(t *testing.T) {
	var steps []Step
	for range 100 {
		steps = append(steps, *ask("a", "ping"))
	}
	steps[30] = Step{Conn: "b", Verb: "burst", Burst: []Step{*ask("b", "ping"), *ask("b", "sync", "/"), *ask("b", "ping")}}
	steps[70] = *ask("c", "whoAmI")
	fails := func(steps []Step) bool {
		sync, who := false, false
		for i := range steps {
			sync = sync || slices.ContainsFunc(steps[i].Burst, func(s Step) bool { return s.Op == "sync" })
			who = who || sync && steps[i].Op == "whoAmI"
		}
		return who
	}
	got := Shrink(steps, 1000, fails)
	if len(got) != 2 || len(got[0].Burst) != 1 || got[0].Burst[0].Op != "sync" || got[1].Op != "whoAmI" {
		t.Errorf("%v", got)
	}
}

// TestGenerator_Repeats makes the same steps from the same seed, and steps that
// can be written down and read again.
func TestGenerator_Repeats(t *testing.T) {
	g, again := NewGenerator(7, 20, true), NewGenerator(7, 20, true)
	for range 2000 {
		step, n := g.Next()
		same, m := again.Next()
		if n != m || step.Text() != same.Text() {
			t.Fatalf("%s, then %s", step.Text(), same.Text())
		}
		if read, err := ParseStep(step.Text()); err != nil || read.Text() != step.Text() {
			t.Fatalf("%s was read as %v: %v", step.Text(), read, err)
		}
	}
}
