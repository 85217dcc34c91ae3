package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"troupe/actors/config"
	"troupe/actors/version"
	"troupe/wire"
)

// do runs a command line in this process.
func do(args ...string) (status int, out, errs string) {
	var o, e bytes.Buffer
	status = run(args, &o, &e)
	return status, o.String(), e.String()
}

func TestRun_UsageErrors(t *testing.T) {
	for _, c := range []struct {
		want string
		args []string
	}{
		{`there is no command "srever"; did you mean server?`, []string{"srever"}},
		{"unknown flag: --bogus", []string{"server", "--bogus"}},
		{"unknown flag: --bogus", []string{"--bogus"}},
		{"one zoo.cfg is enough", []string{"start", "a", "b"}},
		{"given twice", []string{"status", "--config", "a", "b"}},
		{`--log-level is "loud"; want trace, debug`, []string{"server", "--log-level", "loud"}},
		{`--log-level is "panic"; want trace, debug`, []string{"start", "--log-level", "panic"}},
		{"version takes no argument", []string{"version", "please"}},
		{"ensemble takes no argument", []string{"ensemble", "3"}},
		{`--log-level is "loud"; want trace, debug`, []string{"ensemble", "--log-level", "loud"}},
		{"invalid argument", []string{"stop", "--wait", "long"}},
	} {
		status, out, errs := do(c.args...)
		if status != 2 || out != "" || !strings.Contains(errs, "troupe: ") || !strings.Contains(errs, c.want) ||
			!strings.Contains(errs, "--help'.\n") {
			t.Errorf("%q: status %d, out %q, errors %q, want %q", c.args, status, out, errs, c.want)
		}
	}
}

func TestRun_LevelFromTheEnvironment(t *testing.T) {
	t.Setenv(levelVariable, "loud")
	if status, _, errs := do("server"); status != 2 || !strings.Contains(errs, levelVariable+` is "loud"`) {
		t.Errorf("status %d, errors %q", status, errs)
	}
}

func TestRun_HelpOfEveryCommand(t *testing.T) {
	status, out, _ := do()
	if status != 0 {
		t.Fatalf("status %d", status)
	}
	for _, cmd := range newRoot().Commands() {
		name := cmd.Name()
		if !strings.Contains(out, "\n  "+name) {
			t.Errorf("the list of commands lacks %s", name)
		}
		status, help, _ := do(name, "--help")
		if status != 0 || !strings.Contains(help, "  troupe "+name) || strings.Count(help, "\n") < 8 {
			t.Errorf("%s --help: status %d\n%s", name, status, help)
		}
	}
}

func TestRun_Version(t *testing.T) {
	status, out, _ := do("version")
	if status != 0 || !strings.HasPrefix(out, "troupe "+version.Number+" (") || !strings.HasSuffix(out, "ZooKeeper 3.8.0\n") {
		t.Errorf("status %d, %q", status, out)
	}
}

// write makes a zoo.cfg and returns its path.
func write(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "zoo.cfg")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestServer_RefusesConfigurations(t *testing.T) {
	dir := t.TempDir()
	for _, command := range []string{"server", "start", "stop", "restart", "status"} {
		path := write(t, "dataDir="+dir, "clientPort=lots", "tickTime=0")
		status, _, errs := do(command, "--config", path)
		if status != 1 || !strings.Contains(errs, "troupe: "+path+":2: clientPort=lots: ") ||
			!strings.Contains(errs, "troupe: "+path+":3: tickTime=0: ") {
			t.Errorf("%s: status %d, errors %q", command, status, errs)
		}
		if status, _, errs := do(command, "/nowhere/zoo.cfg"); status != 1 || !strings.Contains(errs, "/nowhere/zoo.cfg") {
			t.Errorf("%s: status %d, errors %q", command, status, errs)
		}
	}
}

func TestServer_RefusesToBeNobody(t *testing.T) {
	dir := t.TempDir()
	path := write(t, "dataDir="+dir, "clientPort=0", "clientPortAddress=127.0.0.1", "initLimit=10", "syncLimit=5",
		"server.1=127.0.0.1:2888:3888", "server.2=127.0.0.1:2889:3889")
	myid := filepath.Join(dir, "myid")
	for content, want := range map[string]string{
		"":      myid + ": myid: there is no such file; write the number of this server's own server.N line into it, one of 1, 2",
		"one\n": myid + ":1: myid=one: a server's number must be from 1 to 254",
		"3\n":   myid + ":1: myid=3: there is no line server.3; write",
	} {
		if content != "" {
			if err := os.WriteFile(myid, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		begun := time.Now()
		for _, command := range []string{"server", "start"} {
			status, _, errs := do(command, path)
			if took := time.Since(begun); status != 1 || !strings.Contains(errs, want) || took > time.Second {
				t.Errorf("%s with %q: status %d after %v, errors %q", command, content, status, took, errs)
			}
		}
		if err := os.RemoveAll(myid); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnnounce(t *testing.T) {
	var b bytes.Buffer
	cfg := config.Default()
	announce(zerolog.New(&b), "", &cfg, nil)
	cfg.MyID = 3
	for i := range 3 {
		cfg.Servers = append(cfg.Servers, config.Server{ID: wire.ServerID(i + 1)})
	}
	cfg.Servers[2].Role = config.Observer
	announce(zerolog.New(&b), "zoo.cfg", &cfg, []config.Warning{{Key: "k", Reason: "r"}})
	lines := strings.Split(b.String(), "\n")
	for i, want := range []string{`"mode":"standalone"`, `"mode":"ensemble","id":3,"observer":true,"voters":"[1 2]","observers":"[3]"`,
		`"key":"k","reason":"r"`} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("%q lacks %s", lines[i], want)
		}
	}
}

func TestServer_RefusesForeignData(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "version-2"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "version-2", "snapshot.0"), []byte("ZKSN"), 0o644); err != nil {
		t.Fatal(err)
	}
	status, _, errs := do("server", write(t, "dataDir="+dir, "clientPort=0", "clientPortAddress=127.0.0.1"))
	if status != 1 || !strings.Contains(errs, "troupe: ") || !strings.Contains(errs, "snapshot.0") {
		t.Errorf("status %d, errors %q", status, errs)
	}
}

func TestServer_RefusesAMissingDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mount")
	path := write(t, "dataDir="+dir, "clientPort=0", "clientPortAddress=127.0.0.1", "datadir.autocreate=false")
	if status, _, errs := do("server", path); status != 1 || !strings.Contains(errs, "datadir.autocreate=false") {
		t.Errorf("status %d, errors %q", status, errs)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Errorf("%s has been made", dir)
	}
}

func TestConfigured_Defaults(t *testing.T) {
	t.Chdir(t.TempDir())
	cfg, _, err := new(configured).load()
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(here, "troupe-data"); cfg.DataDir != want || cfg.DataLogDir != want ||
		cfg.ClientAddress != "127.0.0.1" || cfg.ClientPort != 2181 {
		t.Errorf("%+v", cfg)
	}
}
