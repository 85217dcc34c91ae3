package words

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"troupe/actors/config"
	"troupe/actors/metrics"
	"troupe/actors/tree"
	"troupe/actors/version"
)

// notServing answers words that need a server which serves.
const notServing = "This ZooKeeper instance is not currently serving requests"

// defaultTraceMask is the trace mask that a ZooKeeper starts with.
const defaultTraceMask = 0b100110010

// The modes of a server that has others.
const (
	leader   = "leader"
	follower = "follower"
	observer = "observer"
)

// peerStates has what mntr calls the modes.
var peerStates = map[string]string{leader: "leading", follower: "following", observer: "observing"}

// mode is what the server is, "" while it is a member that has no leader.
func (w *Words) mode() string {
	if !w.cfg.Ensemble() {
		return "standalone"
	}
	return w.metrics.Role()
}

// needs is what of the tree's description a word wants.
type needs int

const (
	nothing needs = iota
	figures
	lists
)

// word is how one word is answered. Those that need something are asked only if
// the server serves, and get a description.
type word struct {
	needs  needs
	answer func(w *Words, b *strings.Builder, d *tree.Description)
}

var table = map[string]word{
	"ruok": {nothing, text("imok")},
	"conf": {nothing, (*Words).conf},
	"dirs": {nothing, (*Words).dirs},
	"envi": {nothing, (*Words).envi},
	"gtmk": {nothing, (*Words).traceMask},
	"crst": {nothing, (*Words).resetConnections},
	"srst": {nothing, (*Words).resetServer},
	"isro": {figures, text("rw")},
	"srvr": {figures, (*Words).srvr},
	"stat": {figures, (*Words).stat},
	"cons": {figures, (*Words).cons},
	"mntr": {figures, (*Words).mntr},
	"hash": {figures, (*Words).hash},
	"wchs": {figures, (*Words).wchs},
	"wchc": {lists, (*Words).wchc},
	"wchp": {lists, (*Words).wchp},
	"dump": {lists, (*Words).dump},
}

// Words answers four-letter words; it is a session.Words. Its methods may be
// called from any goroutine.
type Words struct {
	cfg     *config.Config // with the port that is listened on
	metrics *metrics.Registry
	version string
	mask    atomic.Int64
	host    func() host
	now     func() time.Time
}

// New makes the answerer of a server with this configuration and these counters.
func New(cfg *config.Config, m *metrics.Registry) *Words {
	w := &Words{cfg: cfg, metrics: m, version: version.ReadBuild().Shown(), now: time.Now}
	w.host = func() host { return inspect(cfg) }
	w.mask.Store(defaultTraceMask)
	return w
}

// Needs tells what of the description a word wants. What is refused needs nothing.
func (w *Words) Needs(name string) (wantsFigures, wantsLists bool) {
	if !w.cfg.FourLetterWords[name] {
		return false, false
	}
	n := table[name].needs
	return n == figures, n == lists
}

// Answer renders a word's answer; d is nil if the server does not serve, and a
// member without a leader does not, either. It is empty for what is no word: the
// connection is closed without one, as the original does, to which it is a frame
// that is far too long.
func (w *Words) Answer(name string, arg []byte, d *tree.Description) []byte {
	known, ok := table[name]
	switch {
	case !ok && name != "stmk":
		return nil
	case !w.cfg.FourLetterWords[name]:
		return []byte(name + " is not executed because it is not in the whitelist.\n")
	case name == "stmk":
		return w.setTraceMask(arg)
	case known.needs != nothing && (d == nil || w.mode() == ""):
		return []byte(refusal(name))
	}
	var b strings.Builder
	known.answer(w, &b, d)
	return []byte(b.String())
}

// refusal is what a word is told while the server does not serve.
func refusal(name string) string {
	switch name {
	case "isro":
		return "null"
	case "hash":
		return notServing // without an end of line, as the original has it
	}
	return notServing + "\n"
}

func text(s string) func(*Words, *strings.Builder, *tree.Description) {
	return func(_ *Words, b *strings.Builder, _ *tree.Description) { b.WriteString(s) }
}

// setTraceMask keeps what stmk brings, eight bytes, and says it back. Nothing is
// traced by it here.
func (w *Words) setTraceMask(arg []byte) []byte {
	if len(arg) != 8 {
		return nil
	}
	mask := int64(binary.BigEndian.Uint64(arg))
	w.mask.Store(mask)
	return fmt.Append(nil, mask)
}

func (w *Words) traceMask(b *strings.Builder, _ *tree.Description) {
	fmt.Fprint(b, w.mask.Load())
}

func (w *Words) resetConnections(b *strings.Builder, _ *tree.Description) {
	w.metrics.ResetConnections()
	b.WriteString("Connection stats reset.\n")
}

func (w *Words) resetServer(b *strings.Builder, _ *tree.Description) {
	w.metrics.ResetServer()
	b.WriteString("Server stats reset.\n")
}
