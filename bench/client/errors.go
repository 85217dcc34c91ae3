package client

import (
	"context"
	"errors"
)

// How calls and connections fail, besides the wire.ErrorCode of a reply.
var (
	// ErrConnectionLost ends the calls whose reply had not come when the
	// connection ended: they may have been carried out or not.
	ErrConnectionLost = errors.New("connection lost")
	// ErrNotSent ends calls made when there was no connection: they were
	// certainly not carried out.
	ErrNotSent = errors.New("not sent: no connection")
	// ErrSessionExpired says that the server does not know the session, or not
	// with this password.
	ErrSessionExpired = errors.New("session expired")
	// ErrProtocol says that the server broke the protocol; the connection is
	// given up.
	ErrProtocol = errors.New("protocol violation")
	// ErrClosed is the reason of a connection that its own user ended.
	ErrClosed = errors.New("connection closed by its user")
)

// OutcomeUnknown tells whether a call that ended with err may have been carried
// out all the same: its connection was lost, or its caller stopped waiting.
func OutcomeUnknown(err error) bool {
	if errors.Is(err, ErrNotSent) {
		return false
	}
	return errors.Is(err, ErrConnectionLost) || errors.Is(err, context.Canceled) ||
		errors.Is(err, context.DeadlineExceeded)
}
