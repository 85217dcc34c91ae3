package crash

import (
	"fmt"
	"strings"

	"troupe/wire"
)

// Until it is found in the tree, the zxid of the i-th unknown request of a worker
// is this one plus i; no server gets so far.
const unknownZxid wire.Zxid = 1 << 63

// settle works out what a worker's requests must have come to. The acknowledged
// ones leave no choice; of the unknown ones the first k were carried out, for
// the smallest k that explains the tree. A larger k may explain it too, if all
// that came after has left no trace but in the count of the contended node.
func (j *judging) settle(h *history) (settled *state) {
	s := h.base.clone()
	unknown := j.acknowledged(h, s)
	var least []string
	var traceless []mark
	for k := 0; ; k++ {
		t := &trial{judging: j, history: h, model: s, unknown: unknown, k: k}
		differences := t.differences()
		switch {
		case len(differences) > 0:
			if least == nil || len(differences) < len(least) {
				least = differences
			}
		case settled == nil:
			settled = t.adopt()
		default:
			j.marks = append(j.marks, traceless...)
			traceless = nil
		}
		if k == len(unknown) {
			break
		}
		o := unknown[k]
		o.body, o.code = s.apply(o.req, unknownZxid+wire.Zxid(k), o.session)
		if settled != nil && succeeded(o.body, o.code) {
			traceless = append(traceless, o.marks()...)
		}
	}
	if settled == nil {
		j.unsettled(h, unknown, least)
	}
	return settled
}

func (j *judging) unsettled(h *history, unknown []*op, least []string) {
	const most = 10
	j.complain("%s: whatever became of %d unknown requests, there remain %d differences:\n\t%s\n%s", h.root, len(unknown),
		len(least), strings.Join(least[:min(most, len(least))], "\n\t"), h.tail())
}

// tail is the end of a history, for complaints.
func (h *history) tail() string {
	const most = 40
	var b strings.Builder
	for _, o := range h.ops[max(0, len(h.ops)-most):] {
		outcome := "unknown"
		if o.known {
			outcome = fmt.Sprintf("%v %v", o.zxid, o.code)
		}
		fmt.Fprintf(&b, "\t%-16s %v\n", outcome, o)
	}
	return b.String()
}

// acknowledged applies what was acknowledged, checks each reply against the
// model, and returns the rest.
func (j *judging) acknowledged(h *history, s *state) (unknown []*op) {
	for i, o := range h.ops {
		if !o.known {
			return h.ops[i:]
		}
		body, code := s.apply(o.req, o.zxid, o.session)
		if code != o.code || (code == wire.OK && o.broken == nil && !sameReply(body, o.body)) {
			j.complain("%s: %v at %v was answered %v %s, which should be %v %s", h.root, o, o.zxid, o.code, show(o.body), code, show(body))
		}
		if succeeded(o.body, o.code) {
			j.marks = append(j.marks, o.marks()...)
		}
	}
	return nil
}

func show(body wire.Body) string {
	multi, ok := body.(*wire.MultiReply)
	if !ok {
		return fmt.Sprintf("%+v", body)
	}
	var all []string
	for _, r := range multi.Results {
		all = append(all, fmt.Sprintf("%v %v %s", r.Op, r.Err, show(r.Body)))
	}
	return fmt.Sprint(all)
}

// trial is the question whether the first k unknown requests were carried out.
type trial struct {
	*judging
	*history
	model   *state
	unknown []*op
	k       int
	zxids   []wire.Zxid // of the unknown requests, as found; 0 if not yet
	found   []string    // differences
}

func (t *trial) differ(format string, args ...any) {
	t.found = append(t.found, fmt.Sprintf(format, args...))
}

// differences are what the tree has otherwise than the model.
func (t *trial) differences() []string {
	t.zxids = make([]wire.Zxid, t.k)
	there := t.after.below(t.root)
	for path, want := range t.model.nodes {
		got, found := there[path]
		if !found {
			t.differ("%s is not there, %+v expected", path, want.stat)
			continue
		}
		if !sameData(want.data, got.data) {
			t.differ("%s holds %q, %q expected", path, got.data, want.data)
		}
		stat := withoutTimes(got.stat)
		t.bind(path, want.stat.Czxid, &stat.Czxid)
		t.bind(path, want.stat.Mzxid, &stat.Mzxid)
		t.bind(path, want.stat.Pzxid, &stat.Pzxid)
		if stat != want.stat {
			t.differ("%s is %+v, %+v expected", path, stat, want.stat)
		}
	}
	for path, got := range there {
		if _, wanted := t.model.nodes[path]; !wanted {
			t.differ("%s %+v is there", path, got.stat)
		}
	}
	if alive := t.session != 0 && t.model.closed != t.session; alive != t.resumed {
		t.differ("session %v is alive: %v, could be resumed: %v", t.session, alive, t.resumed)
	}
	t.shared()
	t.checkZxids()
	return t.found
}

// bind compares a zxid that is not known yet with what is there: the first
// sight of it tells, every later one must agree. What agrees is replaced by the
// placeholder, so that the rest of the stat can be compared as a whole.
func (t *trial) bind(path string, want wire.Zxid, got *wire.Zxid) {
	if want < unknownZxid {
		return
	}
	i := want - unknownZxid
	if t.zxids[i] == 0 {
		t.zxids[i] = *got
	}
	if t.zxids[i] != *got {
		t.differ("%s: %v wrote as %v, and as %v elsewhere", path, t.unknown[i], *got, t.zxids[i])
	}
	*got = want
}

// shared checks which of the unknown writes to the shared part can be seen.
func (t *trial) shared() {
	children := map[string]wire.Zxid{} // by data
	for path, n := range t.after.below(t.parent) {
		if path != t.parent {
			children[string(n.data)] = n.stat.Czxid
		}
	}
	last := t.after.nodes[contended]
	for i, o := range t.unknown {
		done := i < t.k && succeeded(o.body, o.code)
		for _, m := range o.marks() {
			zxid, there := children[m.data], t.visible[m.data]
			if m.set {
				zxid = last.stat.Mzxid
			}
			switch {
			case there && !done:
				t.differ("%v was not carried out, and left its mark", o)
			case !there && done && !m.set:
				t.differ("%v was carried out, and left no mark", o)
			case there:
				t.bind(m.data, unknownZxid+wire.Zxid(i), &zxid)
			}
		}
	}
}

// checkZxids checks that the unknown requests that were carried out are
// transactions of their own, in order.
func (t *trial) checkZxids() {
	last := t.before.zxid
	for _, o := range t.ops {
		if o.known && o.req.Op().IsWrite() {
			last = max(last, o.zxid)
		}
	}
	for i, zxid := range t.zxids {
		if zxid == 0 {
			continue
		}
		if zxid <= last || zxid > t.after.zxid {
			t.differ("%v became transaction %v, after %v, with the server at %v", t.unknown[i], zxid, last, t.after.zxid)
		}
		if other := t.taken[zxid]; other != nil && other != t.unknown[i] {
			t.differ("%v became transaction %v, which was %v", t.unknown[i], zxid, other)
		}
		last = zxid
	}
}

// adopt makes the trial what has happened: its state is the next round's base.
func (t *trial) adopt() *state {
	for i, o := range t.unknown[:t.k] {
		t.carriedOut++
		if t.zxids[i] != 0 {
			t.take(t.history, t.zxids[i], o)
		}
		if !succeeded(o.body, o.code) {
			continue
		}
		for _, m := range o.marks() {
			m.zxid, m.path, m.version = t.zxids[i], "", 0
			t.marks = append(t.marks, m)
		}
	}
	resolved := t.model.clone()
	for path, n := range t.model.nodes {
		for _, zxid := range []*wire.Zxid{&n.stat.Czxid, &n.stat.Mzxid, &n.stat.Pzxid} {
			if *zxid >= unknownZxid {
				*zxid = t.zxids[*zxid-unknownZxid]
			}
		}
		resolved.nodes[path] = n
	}
	return resolved
}
