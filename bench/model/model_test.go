package model

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"troupe/bench/load"
	"troupe/bench/sweep"
)

// truth is costs from which a sweep is made up.
var truth = Costs{Target: load.Troupe, Read: 10, Write: 40, WritePeer: 8, Follow: 20, FollowClient: 15,
	ReadBytes: 1200, WriteBytes: 1300, PeerBytes: 1500}

// made is a sweep on two cores that the costs explain to the last digit, with 5 us
// of the clients' per operation.
func made(c Costs, sizes ...int) *sweep.Report {
	r := &sweep.Report{Machine: load.Machine{Cores: 2}}
	for _, n := range sizes {
		size := sweep.Size{Servers: n}
		for _, percent := range []int{0, 50, 100} {
			w, told := 1-float64(percent)/100, float64(n-1)
			m := load.Sample{ServerCPU: c.Together(n, 1-w), ClientCPU: 5, WireBytes: w*(c.WriteBytes+c.PeerBytes*told) + (1-w)*c.ReadBytes}
			m.Rate = 2e6 / (m.ServerCPU + 5)
			if n > 1 {
				m.LeaderCPU = w*(c.Write+c.WritePeer*told) + (1-w)/float64(n)*c.Read
			}
			size.Rows = append(size.Rows, load.Row{Workload: load.Mix(percent), Targets: []load.Series{{Target: c.Target, Median: m}}})
		}
		r.Sizes = append(r.Sizes, size)
	}
	return r
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*math.Max(math.Abs(a), math.Abs(b)) }

func TestFit_FindsTheCostsOfWhichASweepIsMade(t *testing.T) {
	r := made(truth, 1, 3, 5, 7)
	c, err := Fit(r, load.Troupe, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]float64{{c.Read, truth.Read}, {c.Write, truth.Write}, {c.WritePeer, truth.WritePeer}, {c.Follow, truth.Follow},
		{c.FollowClient, truth.FollowClient}, {c.ReadBytes, truth.ReadBytes}, {c.WriteBytes, truth.WriteBytes}, {c.PeerBytes, truth.PeerBytes}} {
		if !near(pair[0], pair[1]) {
			t.Errorf("%+v, not %+v", c, truth)
		}
	}
	if half, err := Fit(r, load.Troupe, 50); err != nil || !near(half.Write, truth.Write) || !near(half.Follow, truth.Follow) || !near(half.PeerBytes, truth.PeerBytes) {
		t.Errorf("at half reads: %+v, %v", half, err)
	}
	all := Check(r, load.Troupe)
	if len(all) != 12 || Typical(all) > 1e-6 {
		t.Errorf("%+v", all)
	}
	all[3].Rate *= 2
	if !near(all[3].Off(), 1) {
		t.Errorf("off by %v", all[3].Off())
	}
}

func TestFit_WantsEnough(t *testing.T) {
	for name, r := range map[string]*sweep.Report{"one size": made(truth, 3), "none that leads": made(truth, 1, 3), "no ensemble": made(truth, 1)} {
		if name == "none that leads" {
			r.Sizes[1].Rows[0].Targets[0].Median.LeaderCPU = 0
		}
		if c, err := Fit(r, load.Troupe, 0); err == nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if _, err := Fit(made(truth, 1, 3), load.Apache, 0); err == nil {
		t.Error("a target that was not measured")
	}
}

func TestLine_HasNoNegativeCosts(t *testing.T) {
	for name, l := range map[string]line{"falling": {[]float64{1, 2}, []float64{4, 2}}, "from below 0": {[]float64{1, 2}, []float64{1, 4}}, "one point": {[]float64{1}, []float64{7}}} {
		if at0, slope := l.fit(); at0 < 0 || slope < 0 || at0+slope == 0 {
			t.Errorf("%s: %v, %v", name, at0, slope)
		}
	}
}

func TestPredict_EachLimit(t *testing.T) {
	fast := Machine{Cores: 2, Bytes: 1e12}
	for name, x := range map[string]struct {
		e    Ensemble
		m    Machine
		rate float64
		by   Limit
	}{
		"a server alone":        {Ensemble{Voters: 1, Outstanding: 1e6}, fast, 2e6 / 40, Leader},
		"writes":                {Ensemble{Voters: 3, Outstanding: 1e6}, fast, 2e6 / 56, Leader},
		"observers weigh alike": {Ensemble{Voters: 3, Observers: 10, Outstanding: 1e6}, fast, 2e6 / (40 + 8*12), Leader},
		"reads":                 {Ensemble{Voters: 5, Reads: 1, Outstanding: 1}, fast, 5 * 2e6 / 10, Leader},
		"network":               {Ensemble{Voters: 3, Outstanding: 1e6}, Machine{Cores: 2, Bytes: 1e6}, 1e6 / (1300.0/3 + 3000), Network},
		"few outstanding":       {Ensemble{Voters: 3, Outstanding: 4}, Machine{2, 1e12, time.Millisecond, time.Millisecond / 2}, 4 / 2e-3, Waiting},
		"alone, a sync":         {Ensemble{Voters: 1, Outstanding: 4}, Machine{2, 1e12, time.Millisecond, time.Second}, 4 / 1e-3, Waiting},
	} {
		if rate, by := truth.Predict(x.e, x.m); !near(rate, x.rate) || by != x.by {
			t.Errorf("%s: %v by %s, want %v by %s", name, rate, by, x.rate, x.by)
		}
	}
	heavy := truth
	heavy.Follow = 500
	if rate, by := heavy.Predict(Ensemble{Voters: 3, Outstanding: 1e6}, fast); by != Others || !near(rate, 2e6/505) {
		t.Errorf("followers that do most: %v by %s", rate, by)
	}
}

func TestWriteMarkdown_HasThePaperBeside(t *testing.T) {
	r := made(truth, 1, 3, 5)
	var b bytes.Buffer
	if err := WriteMarkdown(&b, r, Machine{Cores: 2, Bytes: 125e6, Sync: time.Millisecond}, 2000); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| 13 |", "| 460000 | 8000 |", "| 100 |", "off by 0 %", "| write, the leader, us | 40.0 |"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
}
