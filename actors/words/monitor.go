package words

import (
	"fmt"
	"strings"

	"troupe/actors/tree"
)

func (w *Words) mntr(b *strings.Builder, d *tree.Description) {
	put := func(key string, value any) { fmt.Fprintf(b, "zk_%s\t%v\n", key, value) }
	m, h, l := w.metrics, w.host(), w.metrics.Latency.Figures()

	put("version", w.version)
	put("server_state", mode)
	put("ephemerals_count", d.Ephemerals)
	put("num_alive_connections", len(m.Connections()))
	put("avg_latency", decimal(l.Avg))
	put("outstanding_requests", m.Outstanding())
	put("znode_count", nodeCount(d))
	put("global_sessions", d.Sessions)
	put("packets_sent", m.Sent.Load())
	put("packets_received", m.Received.Load())
	put("watch_count", d.Watches)
	put("auth_failed_count", m.AuthFailed.Load())
	put("min_latency", l.Min.Milliseconds())
	put("approximate_data_size", d.DataSize)
	put("local_sessions", 0)
	put("uptime", w.uptime().Milliseconds())
	put("max_latency", l.Max.Milliseconds())
	if h.openFiles > 0 {
		put("open_file_descriptor_count", h.openFiles)
		put("max_file_descriptor_count", h.maxFiles)
	}
	put("proposal_count", m.Proposals.Load())
	put("commit_count", m.Applied.Load())
	put("connection_rejected", m.Rejected.Load())
	put("stale_sessions_expired", m.SessionsExpired.Load())

	// Not in the original.
	put("connections_closed_unread", m.Unread.Load())
	put("connections_closed_bad_frame", m.BadFrames.Load())
	put("large_replies", m.LargeReplies.Load())
	put("replica_incarnations", m.Incarnations.Load())
	put("data_dir_size", h.dataDirSize)
	put("log_dir_size", h.logDirSize)
}
