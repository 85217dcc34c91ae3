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

// Load reads the zoo.cfg at path, the myid in its dataDir, the files that it
// names, and an ensemble's secret from the environment. Paths come out absolute;
// a relative one is taken from the working directory, as Apache ZooKeeper takes
// it. The error is as that of Parse.
func Load(path string) (Config, []Warning, error) {
	data, err := readFile(path)
	if err != nil {
		return Config{}, nil, err
	}
	p := newParser(path)
	p.onDisk = true
	p.read(data, path, p.ruleFor)
	p.readDynamic()
	p.readMyID()
	p.readSecrets()
	c, warnings, err := p.finish()
	if err != nil {
		return Config{}, warnings, err
	}
	paths := []*string{&c.DataDir, &c.DataLogDir}
	if c.QuorumTLS != nil {
		paths = append(paths, &c.QuorumTLS.KeyStore, &c.QuorumTLS.TrustStore)
	}
	for _, relative := range paths {
		if *relative, err = filepath.Abs(*relative); err != nil {
			return Config{}, warnings, fmt.Errorf("make a path of %s absolute: %w", path, err)
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
	p.myID = filepath.Join(p.cfg.DataDir, "myid")
	data, err := readStart(p.myID, 256)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		p.badMyID(nil, err.Error())
		return
	}
	first, _, _ := strings.Cut(decode(data), "\n")
	value := trim(first)
	if p.cfg.MyID, err = parseServerID(value); err == nil {
		return
	}
	if p.cfg.Ensemble() {
		err = fmt.Errorf("%w; %s", err, p.wantMyID())
	}
	p.badMyID(&value, err.Error())
}

func readStart(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// badMyID reports the file myid for what it has, nil if it could not be read.
func (p *parser) badMyID(value *string, reason string) {
	p.rejected["myid"] = true
	problem := Problem{File: p.myID, Key: "myid", Reason: reason}
	if value != nil {
		problem.Line, problem.Found = 1, shown(*value)
	}
	p.problems = append(p.problems, problem)
}
