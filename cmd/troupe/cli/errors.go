package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"troupe/bench/client"
	"troupe/wire"
)

// ErrFailed says that a command failed, and that the reason has been printed:
// whoever runs New's command exits with a status other than 0 and says no more.
var ErrFailed = errors.New("command failed")

// errNoServer ends a script: no server could be reached.
var errNoServer = errors.New("no connection to a server")

// failure is why a command failed, in zkCli's words.
type failure struct {
	text string
	code string // of the reply, or ConnectionLoss and the like; "" if it never was a request
}

func (f *failure) Error() string { return f.text }

func failed(format string, args ...any) error { return &failure{text: fmt.Sprintf(format, args...)} }

// wordings are what zkCli says of errors that it has words for.
var wordings = map[wire.ErrorCode]string{
	wire.NoNode:                  "Node does not exist: %s",
	wire.NoChildrenForEphemerals: "Ephemerals cannot have children: %s",
	wire.NodeExists:              "Node already exists: %s",
	wire.NotEmpty:                "Node not empty: %s",
	wire.NotReadOnly:             "Not a read-only call: %s",
	wire.InvalidACL:              "Acl is not valid : %s",
	wire.NoAuth:                  "Insufficient permission : %s",
	wire.BadArguments:            "Arguments are not valid : %s",
	wire.BadVersion:              "version No is not valid : %s",
	wire.QuotaExceeded:           "Quota has exceeded : %s",
}

// codeNames are the error codes by which --json tells failures apart.
var codeNames = map[wire.ErrorCode]string{
	wire.NotEmpty: "NotEmpty", wire.SessionExpired: "SessionExpired", wire.SessionMoved: "SessionMoved",
	wire.NoWatcher: "NoWatcher", wire.QuotaExceeded: "QuotaExceeded", wire.ThrottledOp: "ThrottledOp",
	wire.EphemeralOnLocal: "EphemeralOnLocalSession", wire.SessionClosedSasl: "SessionClosedRequireSaslAuth",
	wire.ReconfigDisabled: "ReconfigDisabled",
}

// doubt says so if a command may have had its effect although it failed.
func doubt(err error) string {
	if client.OutcomeUnknown(err) {
		return "; it may have been carried out all the same"
	}
	return ""
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// explain words the error of a request about path.
func explain(err error, path string) error {
	if err == nil {
		return nil
	}
	var known *failure
	if errors.As(err, &known) {
		return known
	}
	code := wire.ConnectionLoss
	detail := ""
	switch {
	case errors.As(err, &code):
	case errors.Is(err, client.ErrSessionExpired):
		code = wire.SessionExpired
	case errors.Is(err, context.Canceled):
		return &failure{text: "Interrupted" + doubt(err)}
	case errors.Is(err, client.ErrConnectionLost), errors.Is(err, client.ErrNotSent):
		detail = " (" + oneLine(err) + ")" + doubt(err)
	default:
		return &failure{text: oneLine(err)}
	}
	name, ok := codeNames[code]
	if !ok {
		name = code.Error()
	}
	if w, ok := wordings[code]; ok {
		return &failure{fmt.Sprintf(w, path), name}
	}
	text := "KeeperErrorCode = " + code.Error()
	if path != "" {
		text += " for " + path
	}
	return &failure{text + detail, name}
}
