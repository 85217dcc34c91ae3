package config

import (
	"path/filepath"
	"time"

	"troupe/wire"
)

// Config is everything a server is told from outside, validated.
type Config struct {
	DataDir    string // holds myid, and our files in the directory StateDir names
	DataLogDir string // holds our files in the directory LogDir names; DataDir by default
	// DataDirAutocreate is false when a start must find StateDir and LogDir
	// there, so that a disk that was not mounted is not taken for a new server.
	DataDirAutocreate bool

	ClientAddress           string // host to bind, without brackets; "" is every interface
	ClientPort              int    // 0 lets the kernel pick
	ClientPortListenBacklog int    // -1 leaves it to the system
	TCPKeepAlive            bool   // on client connections
	MaxClientCnxns          int    // connections from one address; 0 is unlimited
	MaxCnxns                int    // connections in all; 0 is unlimited
	// SessionlessTimeout is how long a connection may stay without saying hello.
	SessionlessTimeout time.Duration
	// GlobalOutstandingLimit bounds the requests in work, of all sessions together.
	GlobalOutstandingLimit int
	// JuteMaxBuffer is the longest frame, in bytes, that a client may send.
	JuteMaxBuffer int

	TickTime             time.Duration
	InitLimit, SyncLimit int // in ticks; 0 when the file of a server alone does not say
	MinSessionTimeout    time.Duration
	MaxSessionTimeout    time.Duration

	FourLetterWords map[string]bool // the words that are answered

	ExtendedTypes                 bool // TTL nodes
	ContainerCheckInterval        time.Duration
	ContainerMaxPerMinute         int
	ContainerMaxNeverUsedInterval time.Duration // 0 keeps containers that never had a child

	EnforceQuota      bool
	SkipACL           bool
	SuperDigest       string // "user:base64(hash)" of who is super; "" is nobody
	DigestAlg         string // SHA1, SHA-256 or SHA3-256
	EnsembleAuthNames []string

	ForceSync bool // false acknowledges writes that are not on the disk yet
	// SnapCount is the number of log records after which a checkpoint is due.
	SnapCount int
	// AutopurgeSnapRetainCount and AutopurgePurgeInterval are what the file
	// says. There is one state, brought forward in place, and old log is always
	// removed behind it: neither changes that.
	AutopurgeSnapRetainCount int
	AutopurgePurgeInterval   time.Duration

	MyID    wire.ServerID // from the file myid; 0 without one
	Servers []Server      // the server.N lines, in the order of the file

	// PeerTimeout is how long another server may be silent.
	PeerTimeout time.Duration
	// QuorumListenOnAllIPs takes other servers on every interface, rather than on
	// the address of the own server.N line.
	QuorumListenOnAllIPs bool
	QuorumTLS            *QuorumTLS // nil without certificates
	QuorumSecret         Secret     // empty without one
	// TrustEmpty lets this server vote though it may have forgotten what it acknowledged.
	TrustEmpty bool
}

// Default is what a server runs with when it is given no file: reachable from
// this machine only, with the values of the sample zoo.cfg.
func Default() Config {
	c := defaults()
	c.ClientAddress = "127.0.0.1"
	c.ClientPort = 2181
	c.DataDir = "./troupe-data"
	c.DataLogDir = c.DataDir
	c.TickTime = 2 * time.Second
	c.InitLimit, c.SyncLimit = 10, 5
	c.fillSessionTimeouts()
	return c
}

// defaults is what holds for keys that a file does not set.
func defaults() Config {
	return Config{
		DataDirAutocreate:        true,
		ClientPortListenBacklog:  -1,
		MaxClientCnxns:           60,
		SessionlessTimeout:       10 * time.Second,
		GlobalOutstandingLimit:   1000,
		JuteMaxBuffer:            1<<20 - 1,
		TickTime:                 3 * time.Second,
		PeerTimeout:              time.Second,
		FourLetterWords:          defaultWords(),
		ExtendedTypes:            true,
		ContainerCheckInterval:   time.Minute,
		ContainerMaxPerMinute:    10000,
		DigestAlg:                SHA1,
		ForceSync:                true,
		SnapCount:                100000,
		AutopurgeSnapRetainCount: 3,
	}
}

// fillSessionTimeouts sets the bounds that the file leaves open to 2 and 20 ticks.
func (c *Config) fillSessionTimeouts() {
	if c.MinSessionTimeout == 0 {
		c.MinSessionTimeout = 2 * c.TickTime
	}
	if c.MaxSessionTimeout == 0 {
		c.MaxSessionTimeout = 20 * c.TickTime
	}
}

// subdirectory is where our files are kept, so that an Apache ZooKeeper's
// version-2 beside it is left alone.
const subdirectory = "troupe"

// StateDir is the directory for the state and its checkpoints.
func (c Config) StateDir() string { return filepath.Join(c.DataDir, subdirectory) }

// LogDir is the directory for the transaction log.
func (c Config) LogDir() string { return filepath.Join(c.DataLogDir, subdirectory) }
