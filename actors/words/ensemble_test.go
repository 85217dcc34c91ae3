package words

import (
	"strings"
	"testing"

	"troupe/actors/config"
	"troupe/actors/tree"
	"troupe/wire"
)

const members = "initLimit=10\nsyncLimit=5\nserver.1=a:2888:3888\nserver.2=b:2888:3888\nserver.3=c:2888:3888\n" +
	"server.4=d:2888:3889:observer\nquorumSecret=correct horse battery staple\n"

// member is the fixture as a member of an ensemble, in a role.
func member(t *testing.T, id wire.ServerID, role string) (*Words, *tree.Description) {
	t.Helper()
	cfg, _, err := config.Parse(strings.NewReader(zooCfg+members), "zoo.cfg")
	if err != nil {
		t.Fatal(err)
	}
	cfg.MyID = id
	w, d := fixture(t)
	w.cfg = &cfg
	w.metrics.SetRole(role)
	return w, d
}

// has wants lines in an answer, and others not.
func has(t *testing.T, what, answer string, wanted, unwanted []string) {
	t.Helper()
	for _, line := range wanted {
		if !strings.Contains("\n"+answer, "\n"+line) {
			t.Errorf("%s: %q is missing in\n%s", what, line, answer)
		}
	}
	for _, line := range unwanted {
		if strings.Contains(answer, line) {
			t.Errorf("%s: %q is in\n%s", what, line, answer)
		}
	}
}

// TestAnswer_Roles has the lines in which a member's answers differ, as Apache
// ZooKeeper 3.8.0 gave them.
func TestAnswer_Roles(t *testing.T) {
	leaderOnly := []string{"roposal_size", "synced_followers", "leader_uptime", "learners", "pending_syncs", "Proposal sizes"}
	for _, c := range []struct {
		role             string
		id               wire.ServerID
		srvr, mntr       []string
		notSrvr, notMntr []string
	}{
		{"leader", 3, []string{"Mode: leader\nNode count: 153\nProposal sizes last/min/max: 48/48/60\n"},
			[]string{"zk_server_state\tleader\n", "zk_peer_state\tleading - broadcast\n", "zk_quorum_size\t3\n", "zk_learners\t3\n",
				"zk_synced_followers\t2\n", "zk_synced_observers\t1\n", "zk_synced_non_voting_followers\t0\n",
				"zk_last_proposal_size\t48\n", "zk_min_proposal_size\t48\n", "zk_max_proposal_size\t60\n", "zk_pending_syncs\t4\n",
				"zk_leader_uptime\t", "zk_looking_count\t2\n"}, nil, []string{"observer_master"}},
		{"follower", 1, []string{"Mode: follower\nNode count: 153\n"},
			[]string{"zk_server_state\tfollower\n", "zk_peer_state\tfollowing - broadcast\n", "zk_quorum_size\t3\n"},
			leaderOnly, append(leaderOnly, "observer_master")},
		{"observer", 4, []string{"Mode: observer\nNode count: 153\n"},
			[]string{"zk_server_state\tobserver\n", "zk_peer_state\tobserving - broadcast\n", "zk_observer_master_id\t3\n"},
			leaderOnly, leaderOnly},
	} {
		w, d := member(t, c.id, c.role)
		e := &w.metrics.Ensemble
		e.Learners.Store(3)
		e.SyncedFollowers.Store(2)
		e.SyncedObservers.Store(1)
		e.PendingSyncs.Store(4)
		e.Elections.Store(2)
		e.Leader.Store(3)
		e.ProposalSize.Observe(60)
		e.ProposalSize.Observe(48)
		has(t, c.role+" srvr", string(w.Answer("srvr", nil, d)), c.srvr, c.notSrvr)
		has(t, c.role+" stat", string(w.Answer("stat", nil, d)), c.srvr, c.notSrvr)
		has(t, c.role+" mntr", string(w.Answer("mntr", nil, d)), c.mntr, c.notMntr)
		if got := string(w.Answer("isro", nil, d)); got != "rw" {
			t.Errorf("%s: isro %q", c.role, got)
		}
	}
}

func TestAnswer_MemberWithoutALeader(t *testing.T) {
	w, d := member(t, 1, "")
	for _, name := range []string{"srvr", "stat", "mntr", "cons", "dump", "wchs"} {
		if got := string(w.Answer(name, nil, d)); got != notServing+"\n" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := string(w.Answer("isro", nil, d)); got != "null" {
		t.Errorf("isro: %q", got)
	}
	conf := string(w.Answer("conf", nil, d))
	if !strings.Contains(conf, "\nserverId=1\ninitLimit=10\n") || !strings.HasSuffix(conf, "\nserver.4=d:2888:3889:observer\nversion=0") ||
		strings.Contains(conf, "horse") {
		t.Errorf("conf:\n%s", conf)
	}
}
