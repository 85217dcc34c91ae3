package differential

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"troupe/wire"
)

// masks turn what differs between two correct servers into what does not. They
// learn from the frames in the order in which these are shown.
type masks struct {
	base     int64 // what zxids are counted from, once based
	based    bool
	last     int64 // the last zxid seen in a header
	sessions map[wire.SessionID]string
}

func newMasks() masks { return masks{sessions: make(map[wire.SessionID]string)} }

func (m *masks) zxid(z wire.Zxid) string {
	if v := int64(z); v > 0 {
		return "@" + strconv.FormatInt(v-m.base, 10)
	}
	return strconv.FormatInt(int64(z), 10)
}

func (m *masks) session(id wire.SessionID) string {
	if id == 0 {
		return "none"
	}
	name, ok := m.sessions[id]
	if !ok {
		name = "s" + strconv.Itoa(len(m.sessions)+1)
		m.sessions[id] = name
	}
	return name
}

func (m *masks) header(h wire.ReplyHeader) string {
	if h.Zxid > m.lastZxid() && int64(h.Zxid) > 0 {
		m.last = int64(h.Zxid)
	}
	return fmt.Sprintf("%s %s", code(h.Err), m.zxid(h.Zxid))
}

func (m *masks) lastZxid() wire.Zxid { return wire.Zxid(m.last) }

func code(e wire.ErrorCode) string {
	if e == wire.OK {
		return "ok"
	}
	return strconv.Itoa(int(e))
}

// body shows the rest of a reply. Bytes that wire does not read and write back
// unchanged are shown as they are.
func (m *masks) body(op wire.OpCode, raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	shown := " bytes " + hex.EncodeToString(raw)
	b, err := wire.DecodeReply(op, wire.NewDecoder(raw))
	if err != nil || b == nil {
		return shown
	}
	var e wire.Encoder
	if b.Encode(&e); !bytes.Equal(e.Bytes(), raw) {
		return shown
	}
	return " " + m.show(b)
}

func (m *masks) show(b wire.Body) string {
	switch b := b.(type) {
	case *wire.PathReply:
		return quote(b.Path)
	case *wire.PathStatReply:
		return quote(b.Path) + " " + m.stat(&b.Stat)
	case *wire.StatReply:
		return m.stat(&b.Stat)
	case *wire.DataReply:
		return m.data(b.Data) + " " + m.stat(&b.Stat)
	case *wire.ACLReply:
		return acl(b.ACL) + " " + m.stat(&b.Stat)
	case *wire.NamesReply:
		return names(b.Names)
	case *wire.NamesStatReply:
		return names(b.Names) + " " + m.stat(&b.Stat)
	case *wire.CountReply:
		return strconv.Itoa(int(b.Count))
	case *wire.CodeReply:
		return "code " + strconv.Itoa(int(b.Code))
	case *wire.WhoAmIReply:
		return identities(b.Clients)
	case *wire.MultiReply:
		return m.multi(b)
	case *wire.WatchEvent:
		return event(b)
	}
	return fmt.Sprintf("%T", b)
}

// stat leaves out what is usual, and shows of the times only whether they are
// set and, for a node that was never changed, that they agree.
func (m *masks) stat(s *wire.Stat) string {
	var b strings.Builder
	fmt.Fprintf(&b, "{c%s m%s p%s v=%d cv=%d av=%d len=%d kids=%d", m.zxid(s.Czxid), m.zxid(s.Mzxid),
		m.zxid(s.Pzxid), s.Version, s.Cversion, s.Aversion, s.DataLength, s.NumChildren)
	if s.EphemeralOwner != 0 {
		b.WriteString(" owner=" + m.session(s.EphemeralOwner))
	}
	if s.Ctime == 0 {
		b.WriteString(" ctime=0")
	}
	if s.Mtime == 0 {
		b.WriteString(" mtime=0")
	}
	if s.Czxid == s.Mzxid && s.Ctime != s.Mtime {
		b.WriteString(" times differ")
	}
	return b.String() + "}"
}

func (m *masks) multi(r *wire.MultiReply) string {
	results := make([]string, len(r.Results))
	for i, res := range r.Results {
		switch {
		case res.Op == wire.OpError:
			results[i] = code(res.Err)
		case res.Body == nil:
			results[i] = res.Op.String()
		default:
			results[i] = res.Op.String() + " " + m.show(res.Body)
		}
	}
	return "[" + strings.Join(results, "; ") + "]"
}

func quote(s string) string { return strconv.Quote(s) }

func (m *masks) data(b []byte) string {
	if b == nil {
		return "null"
	}
	if len(b) > 200 {
		return fmt.Sprintf("%d bytes", len(b))
	}
	return quote(m.config(string(b)))
}

// config masks the ports in the server lines of /zookeeper/config, and the zxid
// that is its version once it was changed.
func (m *masks) config(text string) string {
	text = ports.ReplaceAllString(text, "127.0.0.1:port")
	return version.ReplaceAllStringFunc(text, func(line string) string {
		zxid, err := strconv.ParseUint(line[len("version="):], 16, 64)
		if err != nil {
			return line
		}
		return "version=" + m.zxid(wire.Zxid(zxid))
	})
}

var (
	ports   = regexp.MustCompile(`127\.0\.0\.1:\d{5}(:\d{5})?`)
	version = regexp.MustCompile(`(?m)^version=[0-9a-f]+$`)
)

// names come in hash order from the original.
func names(list []string) string {
	quoted := make([]string, len(list))
	for i, n := range list {
		quoted[i] = quote(n)
	}
	slices.Sort(quoted)
	return "[" + strings.Join(quoted, " ") + "]"
}

// acl keeps the order, but for runs of digest ids with equal permissions:
// those may come from the scheme "auth", which expands in hash order.
func acl(list []wire.ACL) string {
	shown := make([]string, len(list))
	start := 0
	for i, a := range list {
		shown[i] = fmt.Sprintf("%d:%s:%s", a.Perms, a.ID.Scheme, quote(a.ID.ID))
		if a.ID.Scheme != "digest" || a.Perms != list[start].Perms || list[start].ID.Scheme != "digest" {
			start = i
		}
		slices.Sort(shown[start : i+1])
	}
	return "acl(" + strings.Join(shown, " ") + ")"
}

// identities come in hash order from the original.
func identities(list []wire.ID) string {
	shown := make([]string, len(list))
	for i, id := range list {
		shown[i] = id.Scheme + ":" + quote(id.ID)
	}
	slices.Sort(shown)
	return "[" + strings.Join(shown, " ") + "]"
}

var eventNames = map[wire.EventType]string{wire.EventNone: "None", wire.EventNodeCreated: "NodeCreated",
	wire.EventNodeDeleted: "NodeDeleted", wire.EventNodeDataChanged: "NodeDataChanged",
	wire.EventNodeChildrenChanged: "NodeChildrenChanged"}

func event(e *wire.WatchEvent) string {
	name, ok := eventNames[e.Type]
	if !ok {
		name = strconv.Itoa(int(e.Type))
	}
	if e.State != wire.StateSyncConnected {
		name += fmt.Sprintf(" state=%d", e.State)
	}
	return name + " " + quote(e.Path)
}
