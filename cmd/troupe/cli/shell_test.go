package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/wire"
)

// TestShell_JSON plays the recorded answers to the shell with --json.
func TestShell_JSON(t *testing.T) {
	for _, script := range scripts(t) {
		t.Run(filepath.Base(script), func(t *testing.T) {
			in, err := os.Open(script)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			var out, errs bytes.Buffer
			s := settings{server: replay(t, tapeOf(script)), timeout: 30 * time.Second, json: true, version: "3.8.0-test"}
			if err := run(t.Context(), s, nil, in, &out, &errs); !errors.Is(err, ErrFailed) {
				t.Fatalf("a script with failures ended with %v", err)
			}
			// Where the servers are differs from run to run.
			got := strings.ReplaceAll(out.String(), s.server, "SERVER")
			name := strings.TrimSuffix(script, ".zk") + ".json"
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("differs:\n%s", diff(string(want), got))
			}
			checkObjects(t, got)
		})
	}
}

func checkObjects(t *testing.T, lines string) {
	t.Helper()
	for line := range strings.Lines(lines) {
		var o map[string]any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		_, failed := o["error"]
		if _, event := o["event"]; !event && (o["command"] == "" || o["ok"] != !failed) {
			t.Errorf("not a result: %s", line)
		}
	}
}

func TestShell_StreamsAndStatus(t *testing.T) {
	for _, c := range []struct{ args, out, errs string }{
		{"create /x", "Created /x\n", ""},
		{"version", "ZooKeeper CLI version: 1\n", ""},
		{"nonsense", "", "Command not found: nonsense\n"},
		{"get x", "", "Path must start with / character\n"},
		{"set /x", "", "set [-s] [-v version] path data\n"},
	} {
		var out, errs bytes.Buffer
		s := settings{server: startSmallServer(t).Addr().String(), timeout: 30 * time.Second, version: "1"}
		err := run(t.Context(), s, strings.Fields(c.args), strings.NewReader(""), &out, &errs)
		if out.String() != c.out || errs.String() != c.errs || (err != nil) != (c.errs != "") {
			t.Errorf("%s: printed %q and %q, ended with %v", c.args, out.String(), errs.String(), err)
		}
	}
}

func TestShell_NoServer(t *testing.T) {
	l := startSmallServer(t)
	l.Close()
	var out, errs bytes.Buffer
	s := settings{server: l.Addr().String(), timeout: 50 * time.Millisecond}
	err := run(t.Context(), s, nil, strings.NewReader("ls /\nversion\n"), &out, &errs)
	if !errors.Is(err, ErrFailed) || out.Len() > 0 || !strings.Contains(errs.String(), "no connection to a server: connect to 127.0.0.1") {
		t.Errorf("printed %q and %q, ended with %v", out.String(), errs.String(), err)
	}
}

func TestNew_FlagsBelongToTheCommand(t *testing.T) {
	var out bytes.Buffer
	cmd := New()
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"--server", startSmallServer(t).Addr().String(), "create", "-s", "-e", "/x"})
	if err := cmd.Execute(); err != nil || out.String() != "Created /x\n" {
		t.Fatalf("printed %q, ended with %v", out.String(), err)
	}
	for _, args := range [][]string{{"--timeout", "0", "ls", "/"}, {"--server", "//", "ls", "/"}, {"--nonsense"}} {
		cmd := New()
		cmd.SetArgs(args)
		if err := cmd.Execute(); err == nil || errors.Is(err, ErrFailed) {
			t.Errorf("%q ended with %v", args, err)
		}
	}
}

func TestSplitWords(t *testing.T) {
	for line, want := range map[string]string{
		"get /a": "get|/a", "  get\t/a  ": "get|/a", "": "", " ": "", `set /a "x y"`: "set|/a|x y",
		`set /a 'x "y"'`: `set|/a|x "y"`, `a"b c"`: `a"b|c"`, `"a"b`: "a|b", `"a b`: "a|b", `''`: "", `x '' y`: "x||y", `"`: "",
	} {
		if got := strings.Join(splitWords(line), "|"); got != want {
			t.Errorf("%q is %q, want %q", line, got, want)
		}
	}
}

func TestCheckPath_AgreesWithWire(t *testing.T) {
	for _, path := range []string{"", "/", "/a", "a", "/a/", "//", "/a//b", "/.", "/..", "/a/.", "/a/..", "/a/./b", "/.../x",
		"/a/.b", "/a/..b", "/\x00", "/a\x1f", "/\u007f", "/\u009f", "/\u00a0", "/\ue000", "/\uf8ff", "/\uf900", "/\uffef",
		"/\ufff0", "/\U0001f600", "/ünï", "/.a/b."} {
		if err := checkPath(path); (err == nil) != wire.ValidPath(path) {
			t.Errorf("%q: %v", path, err)
		} else if err != nil && strings.HasSuffix(err.Error(), "\"") {
			t.Errorf("%q: no reason in %v", path, err)
		}
	}
	if err := checkPath("/ü/\U0001f600//"); err.Error() != "Path must not end with / character" {
		t.Error(err)
	}
	if err := checkPath("/ü//x"); err.Error() != `Invalid path string "/ü//x" caused by empty node name specified @3` {
		t.Error(err)
	}
}

func TestExplain(t *testing.T) {
	for err, want := range map[error]string{
		wire.NoNode:              "Node does not exist: /x",
		wire.NoAuth:              "Insufficient permission : /x",
		wire.NoWatcher:           "KeeperErrorCode = No such watcher for /x",
		client.ErrConnectionLost: "KeeperErrorCode = ConnectionLoss for /x (connection lost); it may have been carried out all the same",
		client.ErrNotSent:        "KeeperErrorCode = ConnectionLoss for /x (not sent: no connection)",
		client.ErrSessionExpired: "KeeperErrorCode = Session expired for /x",
	} {
		if got := explain(err, "/x"); got.Error() != want {
			t.Errorf("%v: %v, want %s", err, got, want)
		}
	}
}

func TestClientConfig(t *testing.T) {
	text := "server.1=h1:2888:3888:participant;0.0.0.0:2181\nserver.2=h2:2888:3888:participant;2182\nserver.3=h3:1:2\nversion=100000000\n"
	if got := clientConfig(text); got != "100000000 0.0.0.0:2181,0.0.0.0:2182" {
		t.Errorf("got %q", got)
	}
}

func TestHistory_BoundedAndPrivate(t *testing.T) {
	name := filepath.Join(t.TempDir(), "history")
	h, err := openHistoryAt(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"a", "a", "", " ", "addauth digest u:p", "b"} {
		h.Add(line)
	}
	if h.Len() != 3 || h.At(0) != "b" || h.At(2) != "a" {
		t.Errorf("%d lines: %q", h.Len(), h.lines)
	}
	for i := range 3 * historyBound {
		h.Add(strings.Repeat("x", i%7+1))
	}
	if h.Len() != historyBound {
		t.Errorf("%d lines in memory", h.Len())
	}
	again, err := openHistoryAt(name)
	if err != nil {
		t.Fatal(err)
	}
	if again.Len() != historyBound || again.At(0) != h.At(0) {
		t.Errorf("%d lines kept, the last %q", again.Len(), again.At(0))
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	text, err := os.ReadFile(name)
	if err != nil || strings.Contains(string(text), "addauth") || strings.Count(string(text), "\n") != historyBound {
		t.Errorf("the file has %d lines, %v", strings.Count(string(text), "\n"), err)
	}
}
