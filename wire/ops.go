package wire

import "strconv"

// OpCode is what a client asks for; the numbers are ZooKeeper's (ZooDefs).
type OpCode int32

// Operations of the client protocol, and of the log where noted.
const (
	OpNotification         OpCode = 0
	OpCreate               OpCode = 1
	OpDelete               OpCode = 2
	OpExists               OpCode = 3
	OpGetData              OpCode = 4
	OpSetData              OpCode = 5
	OpGetACL               OpCode = 6
	OpSetACL               OpCode = 7
	OpGetChildren          OpCode = 8
	OpSync                 OpCode = 9
	OpPing                 OpCode = 11
	OpGetChildren2         OpCode = 12
	OpCheck                OpCode = 13
	OpMulti                OpCode = 14
	OpCreate2              OpCode = 15
	OpReconfig             OpCode = 16
	OpCheckWatches         OpCode = 17
	OpRemoveWatches        OpCode = 18
	OpCreateContainer      OpCode = 19
	OpDeleteContainer      OpCode = 20 // logged by the leader's sweep, refused from clients
	OpCreateTTL            OpCode = 21
	OpMultiRead            OpCode = 22
	OpAuth                 OpCode = 100
	OpSetWatches           OpCode = 101
	OpSasl                 OpCode = 102
	OpGetEphemerals        OpCode = 103
	OpGetAllChildrenNumber OpCode = 104
	OpSetWatches2          OpCode = 105
	OpAddWatch             OpCode = 106
	OpWhoAmI               OpCode = 107
	OpCreateSession        OpCode = -10 // logged, never sent by clients
	OpCloseSession         OpCode = -11
	OpNewEpoch             OpCode = -12 // logged when a leader steps to the next epoch; changes nothing
	OpError                OpCode = -1  // the type of an error inside a multi's reply
)

var opNames = map[OpCode]string{
	OpNotification: "notification", OpCreate: "create", OpDelete: "delete", OpExists: "exists",
	OpGetData: "getData", OpSetData: "setData", OpGetACL: "getACL", OpSetACL: "setACL",
	OpGetChildren: "getChildren", OpSync: "sync", OpPing: "ping", OpGetChildren2: "getChildren2",
	OpCheck: "check", OpMulti: "multi", OpCreate2: "create2", OpReconfig: "reconfig",
	OpCheckWatches: "checkWatches", OpRemoveWatches: "removeWatches",
	OpCreateContainer: "createContainer", OpDeleteContainer: "deleteContainer",
	OpCreateTTL: "createTTL", OpMultiRead: "multiRead", OpAuth: "auth", OpSetWatches: "setWatches",
	OpSasl: "sasl", OpGetEphemerals: "getEphemerals", OpGetAllChildrenNumber: "getAllChildrenNumber",
	OpSetWatches2: "setWatches2", OpAddWatch: "addWatch", OpWhoAmI: "whoAmI",
	OpCreateSession: "createSession", OpCloseSession: "closeSession", OpError: "error",
	OpNewEpoch: "newEpoch",
}

// String is the operation's name in ZooKeeper's documents.
func (o OpCode) String() string {
	if s, ok := opNames[o]; ok {
		return s
	}
	return "op" + strconv.Itoa(int(o))
}

// IsWrite tells whether o is given a zxid and logged.
func (o OpCode) IsWrite() bool {
	switch o {
	case OpCreate, OpCreate2, OpCreateContainer, OpCreateTTL, OpDelete, OpDeleteContainer, OpSetData,
		OpSetACL, OpCheck, OpMulti, OpReconfig, OpCreateSession, OpCloseSession:
		return true
	}
	return false
}

// CreateMode is the flags field of a create request.
type CreateMode int32

// The create modes of ZooKeeper.
const (
	ModePersistent           CreateMode = 0
	ModeEphemeral            CreateMode = 1
	ModePersistentSequential CreateMode = 2
	ModeEphemeralSequential  CreateMode = 3
	ModeContainer            CreateMode = 4
	ModeTTL                  CreateMode = 5
	ModeTTLSequential        CreateMode = 6
)

// Valid tells whether m is a mode that exists.
func (m CreateMode) Valid() bool { return m >= ModePersistent && m <= ModeTTLSequential }

// Sequential tells whether the parent's counter is appended to the name.
func (m CreateMode) Sequential() bool {
	return m == ModePersistentSequential || m == ModeEphemeralSequential || m == ModeTTLSequential
}

// Ephemeral tells whether the node dies with its session.
func (m CreateMode) Ephemeral() bool { return m == ModeEphemeral || m == ModeEphemeralSequential }

// TTL tells whether the node carries a time to live.
func (m CreateMode) TTL() bool { return m == ModeTTL || m == ModeTTLSequential }

// AddWatchMode is the mode field of addWatch.
type AddWatchMode int32

// The modes of addWatch.
const (
	WatchPersistent          AddWatchMode = 0
	WatchPersistentRecursive AddWatchMode = 1
)

// WatcherType selects watches in checkWatches and removeWatches.
type WatcherType int32

// The watcher types of removeWatches.
const (
	WatcherChildren WatcherType = 1
	WatcherData     WatcherType = 2
	WatcherAny      WatcherType = 3
)

// EventType is what a watch event tells.
type EventType int32

// The event types of ZooKeeper.
const (
	EventNone                EventType = -1
	EventNodeCreated         EventType = 1
	EventNodeDeleted         EventType = 2
	EventNodeDataChanged     EventType = 3
	EventNodeChildrenChanged EventType = 4
)

// StateSyncConnected is the keeper state a server puts into watch events.
const StateSyncConnected int32 = 3
