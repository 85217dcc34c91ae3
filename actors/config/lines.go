package config

import "fmt"

// Lines renders the configuration as the four-letter word conf answers on a
// standalone server. The sizes are those of StateDir and LogDir in bytes. The
// caller puts the port that the kernel picked into ClientPort first.
func (c Config) Lines(dataDirSize, dataLogSize int64) []string {
	id := c.MyID
	if c.Standalone() {
		id = 0 // as the original, which does not look at myid then
	}
	return []string{
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
}
