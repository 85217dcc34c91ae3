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
	put("server_state", w.mode())
	w.position(put)
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
	w.leadership(put)
	put("proposal_count", m.Proposals.Load())
	put("commit_count", m.Applied.Load())
	put("connection_rejected", m.Rejected.Load())
	put("stale_sessions_expired", m.SessionsExpired.Load())

	// Not in the original.
	put("connections_closed_unread", m.Unread.Load())
	put("connections_closed_bad_frame", m.BadFrames.Load())
	put("large_replies", m.LargeReplies.Load())
	put("replica_incarnations", m.Incarnations.Load())
	put("goroutines", h.goroutines)
	put("data_dir_size", h.dataDirSize)
	put("log_dir_size", h.logDirSize)
}

// position is what mntr has of a member's place in its ensemble.
func (w *Words) position(put func(key string, value any)) {
	doing, member := peerStates[w.mode()]
	if !member {
		return
	}
	put("peer_state", doing+" - broadcast")
	if w.mode() == observer {
		put("observer_master_id", w.metrics.Ensemble.Leader.Load())
	}
	put("quorum_size", len(w.cfg.Voters()))
	put("looking_count", w.metrics.Ensemble.Elections.Load())
}

// leadership is what mntr has on a leader only.
func (w *Words) leadership(put func(key string, value any)) {
	if w.mode() != leader {
		return
	}
	e := &w.metrics.Ensemble
	put("learners", e.Learners.Load())
	put("synced_followers", e.SyncedFollowers.Load())
	put("synced_observers", e.SyncedObservers.Load())
	put("synced_non_voting_followers", 0)
	put("pending_syncs", e.PendingSyncs.Load())
	last, least, most := e.ProposalSize.Figures()
	put("last_proposal_size", last)
	put("min_proposal_size", least)
	put("max_proposal_size", most)
	put("leader_uptime", w.now().Sub(w.metrics.RoleSince()).Milliseconds())
}
