package wire

import "strconv"

// ErrorCode is what a client is told; the numbers are ZooKeeper's
// (KeeperException.Code). OK is no error.
type ErrorCode int32

// The error codes of the client protocol.
const (
	OK                      ErrorCode = 0
	SystemError             ErrorCode = -1
	RuntimeInconsistency    ErrorCode = -2
	DataInconsistency       ErrorCode = -3
	ConnectionLoss          ErrorCode = -4
	MarshallingError        ErrorCode = -5
	Unimplemented           ErrorCode = -6
	OperationTimeout        ErrorCode = -7
	BadArguments            ErrorCode = -8
	UnknownSession          ErrorCode = -12
	NewConfigNoQuorum       ErrorCode = -13
	ReconfigInProgress      ErrorCode = -14
	APIError                ErrorCode = -100
	NoNode                  ErrorCode = -101
	NoAuth                  ErrorCode = -102
	BadVersion              ErrorCode = -103
	NoChildrenForEphemerals ErrorCode = -108
	NodeExists              ErrorCode = -110
	NotEmpty                ErrorCode = -111
	SessionExpired          ErrorCode = -112
	InvalidCallback         ErrorCode = -113
	InvalidACL              ErrorCode = -114
	AuthFailed              ErrorCode = -115
	SessionMoved            ErrorCode = -118
	NotReadOnly             ErrorCode = -119
	EphemeralOnLocal        ErrorCode = -120
	NoWatcher               ErrorCode = -121
	RequestTimeout          ErrorCode = -122
	ReconfigDisabled        ErrorCode = -123
	SessionClosedSasl       ErrorCode = -124
	QuotaExceeded           ErrorCode = -125
	ThrottledOp             ErrorCode = -127
)

var errorNames = map[ErrorCode]string{
	OK: "Ok", SystemError: "SystemError", RuntimeInconsistency: "RuntimeInconsistency",
	DataInconsistency: "DataInconsistency", ConnectionLoss: "ConnectionLoss",
	MarshallingError: "MarshallingError", Unimplemented: "Unimplemented",
	OperationTimeout: "OperationTimeout", BadArguments: "BadArguments",
	UnknownSession: "UnknownSession", NewConfigNoQuorum: "NewConfigNoQuorum",
	ReconfigInProgress: "ReconfigInProgress", APIError: "APIError", NoNode: "NoNode",
	NoAuth: "NoAuth", BadVersion: "BadVersion", NoChildrenForEphemerals: "NoChildrenForEphemerals",
	NodeExists: "NodeExists", NotEmpty: "Directory not empty", SessionExpired: "Session expired",
	InvalidCallback: "InvalidCallback", InvalidACL: "InvalidACL", AuthFailed: "AuthFailed",
	SessionMoved: "Session moved", NotReadOnly: "NotReadOnly",
	EphemeralOnLocal: "Ephemeral node on local session", NoWatcher: "No such watcher",
	RequestTimeout: "RequestTimeout", ReconfigDisabled: "Reconfig is disabled",
	SessionClosedSasl: "Session closed: SASL authentication required",
	QuotaExceeded:     "Quota has exceeded", ThrottledOp: "Op throttled due to high load",
}

// Error names the code in ZooKeeper's words.
func (e ErrorCode) Error() string {
	if s, ok := errorNames[e]; ok {
		return s
	}
	return "error " + strconv.Itoa(int(e))
}
