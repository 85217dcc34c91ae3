package load

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"troupe/actors/version"
)

// Machine is where a report comes from. What could not be found out is "".
type Machine struct {
	Cores      int    `json:"cores"`
	Processor  string `json:"processor"`
	Kernel     string `json:"kernel"`
	FileSystem string `json:"fileSystem"` // of the servers' data
	Go         string `json:"go"`
	Java       string `json:"java,omitempty"`
	Version    string `json:"version"`  // of troupe
	Revision   string `json:"revision"` // of its source
	// Servers is what the servers say they are, by target, where they do.
	Servers map[string]string `json:"servers,omitempty"`
	// Load averages over the last minute, to judge how quiet the machine was.
	LoadBefore string `json:"loadBefore"`
	LoadAfter  string `json:"loadAfter"`
}

func machine(ctx context.Context, o *Options) Machine {
	return ThisMachine(ctx, o.Dir, slices.Contains(o.Targets, Apache))
}

// ThisMachine describes where a benchmark runs, whose data goes below dir.
func ThisMachine(ctx context.Context, dir string, java bool) Machine {
	m := Machine{Cores: runtime.NumCPU(), Processor: processor(), Go: runtime.Version(),
		Version: version.Number, Revision: revision(),
		Kernel: firstLine("/proc/sys/kernel/osrelease"), FileSystem: fileSystem(dir), LoadBefore: loadAverage()}
	if java {
		// java -version talks on standard error.
		if out, err := exec.CommandContext(ctx, "java", "-version").CombinedOutput(); err == nil {
			m.Java, _, _ = strings.Cut(string(out), "\n")
		}
	}
	return m
}

// Done notes the machine's load at the end.
func (m *Machine) Done() { m.LoadAfter = loadAverage() }

// ask notes what a target says it is.
func (m *Machine) ask(ctx context.Context, t *target) error {
	if len(t.servers) == 0 {
		return nil
	}
	answer, err := t.servers[0].Word(ctx, "srvr")
	if err != nil {
		return err
	}
	_, says, _ := strings.Cut(answer, ": ") // Zookeeper version: 3.8.0-commit, built on date
	says, _, _ = strings.Cut(says, ",")
	if m.Servers == nil {
		m.Servers = make(map[string]string)
	}
	m.Servers[t.name] = says
	return nil
}

func firstLine(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return line
}

func loadAverage() string {
	first, _, _ := strings.Cut(firstLine("/proc/loadavg"), " ")
	return first
}

func processor() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(b)) {
		if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	var rev string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			rev = s.Value[:min(12, len(s.Value))] + rev
		case s.Key == "vcs.modified" && s.Value == "true":
			rev += " (modified)"
		}
	}
	return rev
}
