package wire

import "fmt"

// PasswordSize is the length of a session's password in bytes.
const PasswordSize = 16

// ConnectRequest opens a connection: a new session if Session is 0, else the
// named one is resumed. Old clients do not send the readOnly byte; HasReadOnly
// says whether it was there, since the answer must be in kind.
type ConnectRequest struct {
	Protocol     int32
	LastZxidSeen Zxid
	Timeout      int32 // milliseconds asked for
	Session      SessionID
	Password     []byte
	ReadOnly     bool
	HasReadOnly  bool
}

// ConnectResponse answers a ConnectRequest. Session 0 with Timeout 0 says that
// the session has expired or the password is wrong.
type ConnectResponse struct {
	Protocol    int32
	Timeout     int32 // milliseconds negotiated
	Session     SessionID
	Password    []byte
	ReadOnly    bool
	HasReadOnly bool
}

// DecodeConnectRequest reads the first frame of a connection.
func DecodeConnectRequest(frame []byte) (*ConnectRequest, error) {
	d := NewDecoder(frame)
	r := &ConnectRequest{Protocol: d.Int32(), LastZxidSeen: Zxid(d.Int64()), Timeout: d.Int32(),
		Session: SessionID(d.Int64()), Password: d.Buffer()}
	if d.err != nil {
		return nil, fmt.Errorf("connect: %w", d.err)
	}
	if r.HasReadOnly = d.Left() > 0; r.HasReadOnly {
		r.ReadOnly = d.Bool()
	}
	return r, nil
}

// ConnectRequestFrame appends r as a whole frame.
func (e *Encoder) ConnectRequestFrame(r *ConnectRequest) {
	m := e.BeginFrame()
	e.Int32(r.Protocol)
	e.Int64(int64(r.LastZxidSeen))
	e.Int32(r.Timeout)
	e.Int64(int64(r.Session))
	e.Buffer(r.Password)
	if r.HasReadOnly {
		e.Bool(r.ReadOnly)
	}
	e.EndFrame(m)
}

// DecodeConnectResponse reads the first frame a server sends.
func DecodeConnectResponse(frame []byte) (*ConnectResponse, error) {
	d := NewDecoder(frame)
	r := &ConnectResponse{Protocol: d.Int32(), Timeout: d.Int32(), Session: SessionID(d.Int64()),
		Password: d.Buffer()}
	if d.err != nil {
		return nil, fmt.Errorf("connect response: %w", d.err)
	}
	if r.HasReadOnly = d.Left() > 0; r.HasReadOnly {
		r.ReadOnly = d.Bool()
	}
	return r, nil
}

// ConnectResponseFrame appends r as a whole frame.
func (e *Encoder) ConnectResponseFrame(r *ConnectResponse) {
	m := e.BeginFrame()
	e.Int32(r.Protocol)
	e.Int32(r.Timeout)
	e.Int64(int64(r.Session))
	e.Buffer(r.Password)
	if r.HasReadOnly {
		e.Bool(r.ReadOnly)
	}
	e.EndFrame(m)
}
