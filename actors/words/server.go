package words

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"troupe/actors/metrics"
	"troupe/actors/tree"
	"troupe/wire"
)

// lastOps are the original's short names of operations in cons.
var lastOps = map[wire.OpCode]string{
	wire.OpPing: "PING", wire.OpCreateSession: "SESS", wire.OpCloseSession: "CLOS", wire.OpMulti: "MULT",
	wire.OpMultiRead: "MLTR", wire.OpCreate: "CREA", wire.OpCreate2: "CREA", wire.OpCreateTTL: "CREA",
	wire.OpCreateContainer: "CREA", wire.OpDelete: "DELE", wire.OpSetData: "SETD", wire.OpReconfig: "RECO",
	wire.OpSetACL: "SETA", wire.OpSync: "SYNC", wire.OpCheck: "CHEC", wire.OpExists: "EXIS", wire.OpGetData: "GETD",
	wire.OpSetWatches: "SETW", wire.OpSetWatches2: "STW2", wire.OpAddWatch: "ADDW", wire.OpGetACL: "GETA",
	wire.OpGetChildren: "GETC", wire.OpGetChildren2: "GETC", wire.OpGetAllChildrenNumber: "GETACN",
	wire.OpCheckWatches: "CHKW", wire.OpRemoveWatches: "REMW", wire.OpWhoAmI: "HOMI", wire.OpGetEphemerals: "GETE",
	wire.OpNotification: "SESS", // 0: nothing has been asked since the connect
}

func (w *Words) srvr(b *strings.Builder, d *tree.Description) {
	fmt.Fprintf(b, "Zookeeper version: %s\n", w.version)
	w.summary(b, d)
}

func (w *Words) stat(b *strings.Builder, d *tree.Description) {
	fmt.Fprintf(b, "Zookeeper version: %s\nClients:\n", w.version)
	for _, c := range w.metrics.Connections() {
		connection(b, c)
		b.WriteString(")\n")
	}
	b.WriteByte('\n')
	w.summary(b, d)
}

// summary is what srvr and stat end with.
func (w *Words) summary(b *strings.Builder, d *tree.Description) {
	m := w.metrics
	l := m.Latency.Figures()
	fmt.Fprintf(b, "Latency min/avg/max: %d/%s/%d\n", l.Min.Milliseconds(), decimal(l.Avg), l.Max.Milliseconds())
	fmt.Fprintf(b, "Received: %d\nSent: %d\nConnections: %d\nOutstanding: %d\n", m.Received.Load(), m.Sent.Load(),
		len(m.Connections()), m.Outstanding())
	fmt.Fprintf(b, "Zxid: %v\nMode: %s\nNode count: %d\n", d.Applied, w.mode(), nodeCount(d))
	if w.mode() == leader {
		last, least, most := m.Ensemble.ProposalSize.Figures()
		fmt.Fprintf(b, "Proposal sizes last/min/max: %d/%d/%d\n", last, least, most)
	}
}

func (w *Words) cons(b *strings.Builder, _ *tree.Description) {
	for _, c := range w.metrics.Connections() {
		connection(b, c)
		attached(b, c)
		b.WriteString(")\n")
	}
	b.WriteByte('\n')
}

// connection begins a connection's line. The number in brackets is 1 where more
// is read, 0 where a four-letter word has been the last.
func connection(b *strings.Builder, c *metrics.Connection) {
	reading := 0
	if c.Session.Load() != 0 {
		reading = 1
	}
	fmt.Fprintf(b, " /%v[%d](queued=%d,recved=%d,sent=%d", remote(c), reading, c.Outstanding.Load(), c.Received.Load(),
		c.Sent.Load())
}

// attached adds what is known of the connection's session, if it has one.
func attached(b *strings.Builder, c *metrics.Connection) {
	id := wire.SessionID(c.Session.Load())
	if id == 0 {
		return
	}
	op, ok := lastOps[wire.OpCode(c.LastOp.Load())]
	if !ok {
		op = "NA"
	}
	fmt.Fprintf(b, ",sid=%v,lop=%s,est=%d,to=%d", id, op, c.Established.UnixMilli(), c.Timeout.Load())
	if xid := c.LastXid.Load(); xid >= 0 {
		fmt.Fprintf(b, ",lcxid=0x%x", xid)
	}
	l := c.Latency.Figures()
	fmt.Fprintf(b, ",lzxid=%v,lresp=%d,llat=%d,minlat=%d,avglat=%d,maxlat=%d", wire.Zxid(c.LastZxid.Load()),
		c.LastReply.Load(), l.Last.Milliseconds(), l.Min.Milliseconds(), int64(l.Avg), l.Max.Milliseconds())
}

// remote is the client's address; one of IPv4 is shown as such on every listener.
func remote(c *metrics.Connection) netip.AddrPort {
	return netip.AddrPortFrom(c.Remote.Addr().Unmap(), c.Remote.Port())
}

// decimal is a number as the original prints averages: up to four digits after
// the point, and at least one.
func decimal(v float64) string {
	s := strings.TrimRight(strconv.FormatFloat(v, 'f', 4, 64), "0")
	if strings.HasSuffix(s, ".") {
		s += "0"
	}
	return s
}

func (w *Words) hash(b *strings.Builder, d *tree.Description) {
	fmt.Fprintf(b, "%x: %d\n", uint64(d.Applied), int64(d.Digest)) // signed, as Java's numbers are
}

// nodeCount counts the root twice, as the original does, so that the figures of
// both can be compared.
func nodeCount(d *tree.Description) int { return d.Nodes + 1 }

// uptime is how long the server runs.
func (w *Words) uptime() time.Duration { return w.now().Sub(w.metrics.Started) }
