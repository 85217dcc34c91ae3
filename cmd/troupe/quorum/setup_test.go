package quorum

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"troupe/bench/process"
	"troupe/bench/process/mesh"
)

// TestMyID: a server that does not know who it is ends at once, and says what is wrong.
func TestMyID(t *testing.T) {
	for name, c := range map[string]struct {
		write func(path string) error
		says  string
	}{
		"missing":     {os.Remove, "myid"},
		"not numeric": {func(path string) error { return os.WriteFile(path, []byte("one\n"), 0o644) }, "myid"},
		"empty":       {func(path string) error { return os.WriteFile(path, nil, 0o644) }, "myid"},
		"unlisted":    {func(path string) error { return os.WriteFile(path, []byte("7\n"), 0o644) }, "7"},
	} {
		t.Run(name, func(t *testing.T) {
			e := plan(t, mesh.Spec{})
			e.must(c.write(filepath.Join(e.Dir(0), "data", "myid")))
			began := time.Now()
			err := e.Start(e.within(patience), 0)
			if err == nil {
				t.Fatal("it started")
			}
			if text := err.Error(); !strings.Contains(text, c.says) || !strings.Contains(text, "ended with status") {
				t.Errorf("it says: %s", text)
			}
			if took := time.Since(began); took > 2*time.Second { // 1 s, and what a busy machine adds
				t.Errorf("it took %v", took)
			}
		})
	}
}

// TestTwoOfOneID: a second server with the id of one that lives is refused, and disturbs nobody; the first
// one may be restarted at any time.
func TestTwoOfOneID(t *testing.T) {
	t.Parallel()
	e := start(t, mesh.Spec{})
	follower := e.others(e.leader())[0]
	double := plan(t, mesh.Spec{Each: func(int) []string { return e.quorumLines(follower) }})
	double.exchangeID(0, follower)
	was := e.elections(follower)
	double.begin(0)
	e.says(e.leader(), "refused")
	e.never("the second server serves", time.Second, func() bool { return double.serves(0) })
	e.writable(follower)
	if n := e.elections(follower); n != was {
		t.Errorf("the first server had %d reigns before, and %d with the second", was, n)
	}
	e.kill(follower)
	double.kill(0)
	e.up(follower)
}

// quorumLines is the server lines of an ensemble, but for one server, whose ports are where nobody listens:
// what a zoo.cfg has that was copied to another machine.
func (e *ensemble) quorumLines(but int) (lines []string) {
	e.Helper()
	text, err := os.ReadFile(filepath.Join(e.Dir(but), "zoo.cfg"))
	e.must(err)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, fmt.Sprintf("server.%d=", but+1)) {
			line = fmt.Sprintf("server.%d=127.0.0.1:%d:%d", but+1, 9000+os.Getpid()%500, 9500+os.Getpid()%500)
		}
		if strings.HasPrefix(line, "server.") {
			lines = append(lines, line)
		}
	}
	return lines
}

// exchangeID writes another id into a server's myid.
func (e *ensemble) exchangeID(server, id int) {
	e.Helper()
	e.must(os.WriteFile(filepath.Join(e.Dir(server), "data", "myid"), fmt.Appendln(nil, id+1), 0o644))
}

// TestLists_ByOne: a server whose list has one voter more than the others' warns and works.
func TestLists_ByOne(t *testing.T) {
	e := start(t, mesh.Spec{Each: func(server int) []string {
		if server == 2 {
			return []string{"server.4=127.0.0.1:9401:9402"}
		}
		return nil
	}})
	e.says(2, "list of servers is not this one's")
	e.says(0, "list of servers is not this one's")
	e.put(2, mark)
	if tree := e.agree(); tree[mark].data != mark {
		t.Errorf("%s is %+v", mark, tree[mark])
	}
}

// TestLists_ByTwo: one whose list has two more is refused, both lists named, and stays up; the others serve.
func TestLists_ByTwo(t *testing.T) {
	t.Parallel()
	e := plan(t, mesh.Spec{Each: func(server int) []string {
		if server == 2 {
			return []string{"server.4=127.0.0.1:9401:9402", "server.5=127.0.0.1:9403:9404"}
		}
		return nil
	}})
	e.begin(2)
	e.up(0, 1)
	e.says(0, `differ too much: voters \[?1.2.3\]? and \[?1.2.3.4.5\]?`)
	e.says(2, `differ too much`)
	e.never("the odd one serves", time.Second, func() bool { return e.serves(2) })
	e.writable(0)
	if !e.Servers[2].Running() {
		t.Error("the odd one has ended")
	}
}

// TestSecret: all with one secret serve; one with another is refused, and joins once it is told the right one.
func TestSecret(t *testing.T) {
	t.Parallel()
	wrong := true
	e := plan(t, mesh.Spec{Each: func(server int) []string {
		if wrong && server == 2 {
			return []string{"quorumSecret=not the one of the others"}
		}
		return []string{"quorumSecret=the one that they share"}
	}})
	e.begin(2)
	e.up(0, 1)
	e.writable(0)
	e.says(0, `address of server [^)]*3`)
	e.never("the one with a wrong secret serves", time.Second, func() bool { return e.serves(2) })
	e.stop(2)
	wrong = false
	e.up(2)
	e.agree()
	for i := range e.Servers {
		if strings.Contains(e.log(i), "not encrypted") {
			t.Errorf("server.%d warns of what is not so", i+1)
		}
	}
}

// TestSecret_Plain: nor does a server without a secret get in where the others have one.
func TestSecret_Plain(t *testing.T) {
	t.Parallel()
	e := plan(t, mesh.Spec{Each: func(server int) []string {
		if server == 2 {
			return nil
		}
		return []string{"quorumSecret=the one that they share"}
	}})
	e.begin(2)
	e.up(0, 1)
	e.says(0, `address of server [^)]*3`)
	e.never("the one without a secret serves", time.Second, func() bool { return e.serves(2) })
	e.writable(1)
}

// TestTLS: servers know each other by certificates; one whose certificate somebody else has signed stays out.
func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ours, theirs := newAuthority(t), newAuthority(t)
	foreign := true
	e := plan(t, mesh.Spec{Each: func(server int) []string {
		signer := ours
		if foreign && server == 2 {
			signer = theirs
		}
		key, trust := filepath.Join(dir, fmt.Sprintf("key%d.pem", server)), filepath.Join(dir, fmt.Sprintf("trust%d.pem", server))
		signer.issue(t, key)
		signer.trust(t, trust)
		return []string{"sslQuorum=true", "ssl.quorum.keyStore.location=" + key, "ssl.quorum.trustStore.location=" + trust}
	}})
	e.begin(2)
	e.up(0, 1)
	e.writable(0)
	e.says(0, `address of server [^)]*3`)
	e.never("the one with a foreign certificate serves", time.Second, func() bool { return e.serves(2) })
	e.stop(2)
	foreign = false
	e.up(2)
	e.agree()
}

// TestObserver: it learns and serves, and counts for nothing.
func TestObserver(t *testing.T) {
	t.Parallel()
	e := start(t, mesh.Spec{EnsembleSpec: process.EnsembleSpec{Observers: 1}})
	const observer = 3
	if mode := e.mode(observer); mode != "observer" {
		t.Errorf("Mode: %s", mode)
	}
	l := e.load(4, 10)
	l.more(200)
	for _, victim := range []int{e.leader(), observer} {
		e.kill(victim)
		l.moreWithin(100, 20*time.Second)
		e.up(victim)
	}
	l.more(100)
	l.end()
	l.account(e.agree())

	leader := e.leader()
	down := e.others(leader, observer)
	e.kill(down...)
	e.until("nobody serves without a quorum of voters", 10*time.Second, func() bool { return !e.serves(leader) && !e.serves(observer) })
	e.never("a leader and an observer make a quorum", time.Second, func() bool { return e.write(observer, 300*time.Millisecond) == nil })
	e.up(down[0])
	e.writable(observer)
}
