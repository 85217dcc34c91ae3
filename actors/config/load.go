package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Load reads the zoo.cfg at path, the myid in its dataDir and, when it names
// one, its dynamicConfigFile. Directories come out absolute; a relative one is
// taken from the working directory, as Apache ZooKeeper takes it. The error is
// as that of Parse.
func Load(path string) (Config, []Warning, error) {
	data, err := readFile(path)
	if err != nil {
		return Config{}, nil, err
	}
	p := newParser(path)
	p.read(data, path, p.ruleFor)
	p.readDynamic()
	p.readMyID()
	c, warnings, err := p.finish()
	if err != nil {
		return Config{}, warnings, err
	}
	for _, dir := range []*string{&c.DataDir, &c.DataLogDir} {
		if *dir, err = filepath.Abs(*dir); err != nil {
			return Config{}, warnings, fmt.Errorf("make a directory of %s absolute: %w", path, err)
		}
	}
	return c, warnings, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	return readBounded(f, path)
}

// readDynamic takes the server lines that the file keeps in another one.
func (p *parser) readDynamic() {
	e, ok := p.entries["dynamicConfigFile"]
	if !ok || p.rejected[e.name] {
		return
	}
	for name := range p.entries {
		if isMembership(name) {
			p.bad(e, "server, group and weight lines stand in this file or in the one it names, not in both")
			return
		}
	}
	data, err := readFile(e.value)
	if err != nil {
		p.bad(e, err.Error())
		return
	}
	p.read(data, e.value, p.dynamicRule)
}

// dynamicRule finds the rule for a key of a dynamic configuration file.
func (p *parser) dynamicRule(name string) rule {
	switch {
	case isMembership(name):
		return p.ruleFor(name)
	case name == "version":
		return func(*parser, entry) {}
	}
	return func(p *parser, e entry) {
		p.refuse(e, "only server, group and weight lines belong into a dynamic configuration file")
	}
}

func isMembership(name string) bool {
	return strings.HasPrefix(name, "server.") || strings.HasPrefix(name, "group") || strings.HasPrefix(name, "weight")
}

// readMyID reads which server this is. Without the file it stays 0.
func (p *parser) readMyID() {
	if p.cfg.DataDir == "" {
		return
	}
	path := filepath.Join(p.cfg.DataDir, "myid")
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		p.problems = append(p.problems, Problem{File: path, Key: "myid", Reason: err.Error()})
		return
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 256))
	if err != nil {
		p.problems = append(p.problems, Problem{File: path, Key: "myid", Reason: err.Error()})
		return
	}
	first, _, _ := strings.Cut(decode(data), "\n")
	value := trim(first)
	id, err := parseServerID(value)
	if err != nil {
		p.problems = append(p.problems,
			Problem{File: path, Line: 1, Key: "myid", Found: shown(value), Reason: err.Error()})
		return
	}
	p.cfg.MyID = id
}
