package config

import (
	"fmt"
	"io"
	"strings"

	"troupe/wire"
)

// maxFileSize bounds a configuration file, in bytes; real ones have a few thousand.
const maxFileSize = 1 << 20

// Parse reads a zoo.cfg. file is the name that messages show. The error is
// Problems when the content is refused; warnings come with it. A file that
// keeps its server lines in a dynamicConfigFile needs Load.
func Parse(r io.Reader, file string) (Config, []Warning, error) {
	data, err := readBounded(r, file)
	if err != nil {
		return Config{}, nil, err
	}
	p := newParser(file)
	p.read(data, file, p.ruleFor)
	for _, key := range []string{"dynamicConfigFile", "quorumSecretFile"} {
		if e, ok := p.entries[key]; ok && !p.rejected[key] {
			p.refuse(e, "the file it names can only be read beside a configuration file on disk")
		}
	}
	return p.finish()
}

func readBounded(r io.Reader, file string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if len(data) > maxFileSize {
		return nil, fmt.Errorf("read %s: more than %d bytes: not a zoo.cfg", file, maxFileSize)
	}
	if isUTF16(data) {
		return nil, fmt.Errorf("read %s: it is UTF-16; save it as UTF-8", file)
	}
	return data, nil
}

// parser collects what one file, with its myid and dynamic file, says.
type parser struct {
	file    string
	cfg     Config
	rules   map[string]rule  // by key; they set cfg
	entries map[string]entry // what counts for each key, by its name in the tables
	members map[wire.ServerID]entry
	onDisk  bool   // files and the environment are looked at
	myID    string // the path of the file myid; "" if it was not looked for
	secrets []secret

	peerType  PeerType // what the key says
	sslQuorum bool
	tlsKeys   []entry // those of ssl.quorum
	tls       QuorumTLS

	rejected map[string]bool // names of entries whose value was not taken
	warnings []Warning
	problems Problems
}

func newParser(file string) *parser {
	p := &parser{
		file: file, cfg: defaults(),
		entries: map[string]entry{}, members: map[wire.ServerID]entry{}, rejected: map[string]bool{},
	}
	p.rules = table(&p.cfg)
	return p
}

// entry is one line that counts.
type entry struct {
	property
	file string
	name string // the key as the tables have it
}

// rule says what a key does.
type rule func(p *parser, e entry)

// read takes every line of a file by the rule that find has for its key. Of
// several lines for one key the last counts.
func (p *parser) read(data []byte, file string, find func(name string) rule) {
	properties := readProperties(decode(data))
	last := map[string]int{}
	for i := range properties {
		properties[i].key = trim(properties[i].key)
		properties[i].value = trim(properties[i].value)
		last[keyName(properties[i].key)] = i
	}
	for i, prop := range properties {
		e := entry{property: prop, file: file, name: keyName(prop.key)}
		if last[e.name] != i {
			p.warn(e, fmt.Sprintf("ignored: line %d sets it again", properties[last[e.name]].line))
			continue
		}
		p.entries[e.name] = e
		if e.badEscape {
			p.refuse(e, `a \u needs four hexadecimal digits after it; in a path write / or \\`)
			continue
		}
		find(e.name)(p, e)
	}
}

// trim removes what Java's String.trim removes.
func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
}

// keyName is the key without the dressing of a Java system property.
func keyName(key string) string {
	return strings.TrimPrefix(strings.TrimPrefix(key, "-D"), "zookeeper.")
}

func (p *parser) ruleFor(name string) rule {
	if r, ok := p.rules[name]; ok {
		return r
	}
	for _, f := range families {
		if strings.HasPrefix(name, f.prefix) {
			return f.rule
		}
	}
	return unknown
}

// unknown warns of a key that no table has.
func unknown(p *parser, e entry) {
	for name := range p.rules {
		if strings.EqualFold(name, e.name) {
			p.warn(e, "unknown key, ignored; did you mean "+name+"?")
			return
		}
	}
	p.warn(e, "unknown key, ignored")
}

// finish checks what spans keys.
func (p *parser) finish() (Config, []Warning, error) {
	p.check()
	if len(p.problems) > 0 {
		return Config{}, p.warnings, p.problems
	}
	return p.cfg, p.warnings, nil
}

func (p *parser) warn(e entry, reason string) {
	p.warnings = append(p.warnings, Warning{File: e.file, Line: e.line, Key: e.key, Reason: reason})
}

// bad reports a value that cannot be taken, and shows it.
func (p *parser) bad(e entry, reason string) {
	p.rejected[e.name] = true
	p.problems = append(p.problems,
		Problem{File: e.file, Line: e.line, Key: e.key, Found: shown(e.value), Reason: reason})
}

// refuse reports a key that cannot be honoured whatever its value, or whose
// value may be secret.
func (p *parser) refuse(e entry, reason string) {
	p.rejected[e.name] = true
	p.problems = append(p.problems, Problem{File: e.file, Line: e.line, Key: e.key, Reason: reason})
}

// missing reports a key that is not there.
func (p *parser) missing(key, reason string) {
	p.problems = append(p.problems, Problem{File: p.file, Key: key, Reason: reason})
}
