package daemon

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"time"

	"troupe/actors/config"
	"troupe/wire"
)

const (
	probeTimeout  = 5 * time.Second
	longestAnswer = 64 << 10 // of srvr, which has some hundred bytes
	longestHello  = 256      // of a connect's response, which has 41 at most
)

// noSession cannot exist: a session's first byte is its server's id, up to 254.
const noSession = wire.SessionID(-1)

var modeLine = regexp.MustCompile(`(?m)^Mode: ([\w-]+)$`)

// Address is where this machine reaches the client port of a configuration.
func Address(cfg *config.Config) (host string, port int) {
	host = cfg.ClientAddress
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return host, cfg.ClientPort
}

// Mode asks the server at the client port of cfg what it is. It is an error if it
// does not serve clients.
func Mode(ctx context.Context, cfg *config.Config) (string, error) {
	host, port := Address(cfg)
	addr := net.JoinHostPort(host, strconv.Itoa(port))
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	answer, err := exchange(ctx, addr, []byte("srvr"), longestAnswer)
	if err != nil {
		return "", err
	}
	if m := modeLine.FindSubmatch(answer); m != nil {
		return string(m[1]), nil
	}
	if err := serves(ctx, addr); err != nil {
		return "", err
	}
	return "standalone", nil // the one mode there is for a server that is no ensemble's member
}

// ready is an error until the server does what Launch waits for.
func ready(ctx context.Context, cfg *config.Config) error {
	if !cfg.Ensemble() {
		_, err := Mode(ctx, cfg)
		return err
	}
	host, port := Address(cfg)
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return conn.Close()
}

// serves connects as a client that resumes a session which cannot exist.
func serves(ctx context.Context, addr string) error {
	var e wire.Encoder
	e.ConnectRequestFrame(&wire.ConnectRequest{Session: noSession, Password: make([]byte, wire.PasswordSize)})
	answer, err := exchange(ctx, addr, e.Bytes(), longestHello)
	if err != nil {
		return err
	}
	if len(answer) < 4 || int(binary.BigEndian.Uint32(answer)) != len(answer)-4 {
		return fmt.Errorf("%s does not serve clients", addr)
	}
	if _, err := wire.DecodeConnectResponse(answer[4:]); err != nil {
		return fmt.Errorf("%s does not speak ZooKeeper's protocol: %w", addr, err)
	}
	return nil
}

// exchange sends bytes and reads what comes until the other side closes.
func exchange(ctx context.Context, addr string, request []byte, most int64) ([]byte, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, err
		}
	}
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	return io.ReadAll(bufio.NewReader(io.LimitReader(conn, most)))
}
