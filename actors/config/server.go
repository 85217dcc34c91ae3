package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"troupe/wire"
)

// PeerType says whether a server votes.
type PeerType uint8

// The peer types.
const (
	Participant PeerType = iota
	Observer
)

func (t PeerType) String() string {
	if t == Observer {
		return "observer"
	}
	return "participant"
}

// Server is one server.N line.
type Server struct {
	ID            wire.ServerID
	Host          string // without brackets
	QuorumPort    int
	ElectionPort  int
	Role          PeerType
	ClientAddress string // "" is every interface
	ClientPort    int    // 0 when the line has none
}

const maxServerID = 254

// someServer marks in parser.rejected that a server line could not be taken,
// so that what it may have said is not reported as missing.
const someServer = "server.N"

const serverForm = "want host:quorumPort:electionPort[:participant|observer][;[address:]clientPort]"

func memberRules() map[string]rule {
	return map[string]rule{
		"peerType":    peerType,
		"electionAlg": electionAlg,
	}
}

func peerType(p *parser, e entry) {
	t, err := parsePeerType(e.value)
	if err != nil {
		p.bad(e, err.Error())
		return
	}
	p.peerType = t
}

func parsePeerType(s string) (PeerType, error) {
	switch strings.ToLower(s) {
	case "participant":
		return Participant, nil
	case "observer":
		return Observer, nil
	}
	return 0, errors.New("want participant or observer")
}

func electionAlg(p *parser, e entry) {
	if e.value != "3" {
		p.bad(e, "want 3, the only election there is; or remove the line")
	}
}

// server is the rule for server.N.
func (p *parser) server(e entry) {
	id, err := parseServerID(strings.TrimPrefix(e.name, "server."))
	var s Server
	if err == nil {
		s, err = parseServer(e.value)
	}
	if _, listed := p.members[id]; err == nil && listed {
		err = fmt.Errorf("server %d is listed twice", id)
	}
	if err != nil {
		p.rejected[someServer] = true
		p.bad(e, err.Error())
		return
	}
	s.ID = id
	p.cfg.Servers = append(p.cfg.Servers, s)
	p.members[id] = e
}

func parseServerID(s string) (wire.ServerID, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || n < 1 || n > maxServerID {
		return 0, fmt.Errorf("a server's number must be from 1 to %d: "+
			"session ids carry it in one byte, of which 0 and 255 are taken", maxServerID)
	}
	return wire.ServerID(n), nil
}

// parseServer parses what follows "server.N=".
func parseServer(value string) (Server, error) {
	peer, client, _ := strings.Cut(value, ";")
	if strings.Contains(peer, "|") {
		return Server{}, errors.New("several addresses for one server are not supported; leave one")
	}
	fields, err := hostAndFields(peer)
	if err != nil {
		return Server{}, err
	}
	if len(fields) < 3 || len(fields) > 4 {
		return Server{}, errors.New(serverForm)
	}
	s := Server{Host: fields[0]}
	if s.QuorumPort, err = parsePort(fields[1]); err != nil {
		return Server{}, fmt.Errorf("quorum port: %w", err)
	}
	if s.ElectionPort, err = parsePort(fields[2]); err != nil {
		return Server{}, fmt.Errorf("election port: %w", err)
	}
	if s.QuorumPort == s.ElectionPort {
		return Server{}, errors.New("the quorum port and the election port must differ")
	}
	if len(fields) == 4 {
		if s.Role, err = parsePeerType(fields[3]); err != nil {
			return Server{}, err
		}
	}
	if client != "" {
		err = s.parseClient(client)
	}
	return s, err
}

// parseClient parses what follows the semicolon.
func (s *Server) parseClient(client string) error {
	port := client
	if strings.Contains(client, ":") {
		fields, err := hostAndFields(client)
		if err != nil {
			return err
		}
		if len(fields) != 2 {
			return errors.New(serverForm)
		}
		s.ClientAddress, port = fields[0], fields[1]
	}
	var err error
	if s.ClientPort, err = parsePort(port); err != nil {
		return fmt.Errorf("client port: %w", err)
	}
	return nil
}

// hostAndFields splits host:field:field at its colons; an IPv6 host stands in brackets.
func hostAndFields(s string) ([]string, error) {
	name, rest, _ := strings.Cut(s, ":")
	if strings.HasPrefix(s, "[") {
		inside, after, ok := strings.Cut(s, "]")
		if !ok || after != "" && after[0] != ':' {
			return nil, errors.New("an IPv6 address stands in brackets with a colon after them; " + serverForm)
		}
		name, rest = inside+"]", strings.TrimPrefix(after, ":")
	}
	h, err := host(name)
	if err != nil {
		return nil, fmt.Errorf("%w; %s", err, serverForm)
	}
	return append([]string{h}, strings.Split(rest, ":")...), nil
}

func parsePort(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("found %s, want a number from 1 to 65535", shown(s))
	}
	return int(n), nil
}
