package ensemble

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	// portStep is how far the ports for one purpose are from those for the next;
	// so it is the most servers that there can be.
	portStep = 100
	host     = "127.0.0.1"
)

// Plan says which servers there are.
type Plan struct {
	Dir                string // made if missing
	Servers, Observers int    // with and without a vote
	// BasePort is the client port of server 1; those of the others follow. Ports
	// between servers are 100 higher, those for elections 200.
	BasePort int
}

// member is one server of a plan.
type member struct {
	id                       int
	observer                 bool
	client, quorum, election int // ports
	dir                      string
}

func (p Plan) check() error {
	n := p.Servers + p.Observers
	switch {
	case p.Servers < 1 || p.Observers < 0:
		return fmt.Errorf("want one server or more and no fewer observers than none, not %d and %d", p.Servers, p.Observers)
	case n > portStep:
		return fmt.Errorf("%d servers are too many for one machine; want %d at most", n, portStep)
	case p.BasePort < 1 || p.BasePort+3*portStep > 65535:
		return fmt.Errorf("base port %d: want one from 1 to %d, since %d more are used", p.BasePort, 65535-3*portStep, 3*portStep)
	}
	return nil
}

// members lists the servers; those with a vote come first. Directories are absolute.
func (p Plan) members() ([]member, error) {
	dir, err := filepath.Abs(p.Dir)
	if err != nil {
		return nil, fmt.Errorf("directory of the ensemble: %w", err)
	}
	var list []member
	for i := range p.Servers + p.Observers {
		port := p.BasePort + i
		list = append(list, member{id: i + 1, observer: i >= p.Servers, client: port, quorum: port + portStep,
			election: port + 2*portStep, dir: filepath.Join(dir, fmt.Sprintf("server.%d", i+1))})
	}
	return list, nil
}

func (m member) name() string     { return fmt.Sprintf("server.%d", m.id) }
func (m member) addr() string     { return net.JoinHostPort(host, strconv.Itoa(m.client)) }
func (m member) config() string   { return filepath.Join(m.dir, "zoo.cfg") }
func (m member) dataDir() string  { return filepath.Join(m.dir, "data") }
func (m member) logFile() string  { return filepath.Join(m.dir, "server.log") }
func (m member) myIDFile() string { return filepath.Join(m.dataDir(), "myid") }

// line is the server's own line in every zoo.cfg.
func (m member) line() string {
	line := fmt.Sprintf("%s=%s:%d:%d", m.name(), host, m.quorum, m.election)
	if m.observer {
		return line + ":observer"
	}
	return line
}

// zooCfg is the configuration of a server.
func (m member) zooCfg(all []member, secretFile string) string {
	// In this format a backslash begins an escape.
	path := func(p string) string { return strings.ReplaceAll(p, `\`, `\\`) }
	lines := []string{
		"# Made by 'troupe ensemble', which keeps what is added.",
		"tickTime=2000",
		"initLimit=10",
		"syncLimit=5",
		"dataDir=" + path(m.dataDir()),
		"clientPort=" + strconv.Itoa(m.client),
		"clientPortAddress=" + host,
		"quorumSecretFile=" + path(secretFile),
	}
	for _, other := range all {
		lines = append(lines, other.line())
	}
	return strings.Join(lines, "\n") + "\n"
}

// portsFree says which ports are taken that the servers will listen on.
func portsFree(all []member) error {
	var taken []string
	for _, m := range all {
		for _, port := range []int{m.client, m.quorum} {
			l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
			if err == nil {
				err = l.Close()
			}
			if err != nil {
				taken = append(taken, strconv.Itoa(port))
			}
		}
	}
	if len(taken) == 0 {
		return nil
	}
	n := len(all) - 1
	return errors.New("these ports of " + host + " are taken: " + strings.Join(taken, ", ") + "; " +
		fmt.Sprintf("with --base-port P the servers listen on P to P+%d and P+%d to P+%d", n, portStep, portStep+n))
}
