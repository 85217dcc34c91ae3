package config

import (
	"fmt"
	"strings"
)

// Conf renders the configuration as the four-letter word conf answers. The sizes
// are those of StateDir and LogDir in bytes. The caller puts the port that the
// kernel picked into ClientPort first.
func (c Config) Conf(dataDirSize, dataLogSize int64) string {
	id := c.MyID
	if !c.Ensemble() {
		id = 0 // as the original, which does not look at myid then
	}
	lines := []string{
		fmt.Sprintf("clientPort=%d", c.ClientPort),
		"secureClientPort=-1",
		"dataDir=" + c.StateDir(),
		fmt.Sprintf("dataDirSize=%d", dataDirSize),
		"dataLogDir=" + c.LogDir(),
		fmt.Sprintf("dataLogSize=%d", dataLogSize),
		fmt.Sprintf("tickTime=%d", c.TickTime.Milliseconds()),
		fmt.Sprintf("maxClientCnxns=%d", c.MaxClientCnxns),
		fmt.Sprintf("minSessionTimeout=%d", c.MinSessionTimeout.Milliseconds()),
		fmt.Sprintf("maxSessionTimeout=%d", c.MaxSessionTimeout.Milliseconds()),
		fmt.Sprintf("clientPortListenBacklog=%d", c.ClientPortListenBacklog),
		fmt.Sprintf("serverId=%d", id),
	}
	return strings.Join(lines, "\n") + "\n" + c.membership()
}

// membership is what conf has of an ensemble, without a last end of line.
func (c Config) membership() string {
	if !c.Ensemble() {
		return ""
	}
	self := c.Self()
	return fmt.Sprintf("initLimit=%d\nsyncLimit=%d\nelectionAlg=3\nelectionPort=%d\nquorumPort=%d\npeerType=%d\nmembership: \n%s",
		c.InitLimit, c.SyncLimit, self.ElectionPort, self.QuorumPort, self.Role, c.ConfigNode())
}
