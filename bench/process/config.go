package process

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Ports are picked below the range that the kernel gives to outgoing connections: a client that
// retries its connection to a dead server could otherwise be given the server's own port as its
// source, connect to itself, and keep the server from binding it again.
const (
	lowestPort  = 10000
	highestPort = 32767
	portTries   = 200
)

// freePort picks a TCP port of 127.0.0.1 on which nobody listens.
func freePort() (int, error) {
	var last error
	for range portTries {
		port := lowestPort + rand.IntN(highestPort-lowestPort+1)
		l, err := net.Listen("tcp", address(port))
		if err != nil {
			last = err
			continue
		}
		if err := l.Close(); err != nil {
			return 0, fmt.Errorf("release port %d: %w", port, err)
		}
		return port, nil
	}
	return 0, fmt.Errorf("no free port after %d tries: %w", portTries, last)
}

// FreePorts picks n different TCP ports of 127.0.0.1 on which nobody listens.
func FreePorts(n int) ([]int, error) {
	var ports []int
	for len(ports) < n {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	return ports, nil
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// zooCfg is the configuration file of a server: what every server here has, less what the
// caller's own lines say otherwise, then those lines.
func zooCfg(spec Spec, port int) []byte {
	lines := []string{
		"tickTime=2000",
		"dataDir=" + filepath.Join(spec.Dir, "data"),
		"clientPort=" + strconv.Itoa(port),
		"clientPortAddress=" + spec.host(),
		"4lw.commands.whitelist=*",
	}
	if spec.Kind == Apache {
		lines = append(lines, "admin.enableServer=false")
	}
	var b bytes.Buffer
	for _, line := range lines {
		if !hasKey(spec.Config, key(line)) {
			fmt.Fprintln(&b, line)
		}
	}
	for _, line := range spec.Config {
		fmt.Fprintln(&b, line)
	}
	return b.Bytes()
}

func hasKey(lines []string, want string) bool {
	for _, line := range lines {
		if key(line) == want {
			return true
		}
	}
	return false
}

func key(line string) string {
	k, _, _ := strings.Cut(line, "=")
	return strings.TrimSpace(k)
}

// configuredPort is the clientPort that the caller's own lines ask for, 0 if they leave it open.
func configuredPort(lines []string) (int, error) {
	for _, line := range lines {
		if key(line) != "clientPort" {
			continue
		}
		_, value, _ := strings.Cut(line, "=")
		port, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil {
			return 0, fmt.Errorf("config line %q: %w", line, err)
		}
		return port, nil
	}
	return 0, nil
}

// prepare makes the server's directory, settles its port and writes its zoo.cfg.
func prepare(spec Spec) (port int, err error) {
	if !filepath.IsAbs(spec.Dir) {
		return 0, errors.New("server directory must be an absolute path, got " + strconv.Quote(spec.Dir))
	}
	if err := os.MkdirAll(filepath.Join(spec.Dir, "data"), 0o755); err != nil {
		return 0, fmt.Errorf("make server directory: %w", err)
	}
	if port, err = configuredPort(spec.Config); err != nil {
		return 0, err
	}
	if port == 0 {
		if port, err = freePort(); err != nil {
			return 0, err
		}
	}
	if err := os.WriteFile(filepath.Join(spec.Dir, configName), zooCfg(spec, port), 0o644); err != nil {
		return 0, fmt.Errorf("write configuration: %w", err)
	}
	return port, nil
}
