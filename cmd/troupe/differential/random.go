package differential

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
)

// Generator makes random steps over a few connections and a small tree, so that
// they often meet. Whatever the original leaves to chance it does not make:
// requests that are answered out of turn (auth) come alone, and what the
// original judges by a state that is being changed (ACLs right after setACL)
// does not share a burst with that change.
type Generator struct {
	rng   *rand.Rand
	conns []string
	many  bool            // for ensembles
	burst int             // most requests in a burst
	open  map[string]bool // connections that are open
	known map[string]bool // connections whose session can be resumed
}

// super is the connection that may do everything; it keeps the tree from
// filling up with what nobody can delete.
const super = "super"

// SuperConfig is the line of zoo.cfg by which that connection's identity is the
// superuser's.
const SuperConfig = "DigestAuthenticationProvider.superDigest=super:lK75jTNcA+U9vtVEw5vB51mj/w4="

// NewGenerator makes bursts of up to so many requests, for servers of their own
// or for ensembles.
func NewGenerator(seed uint64, burst int, many bool) *Generator {
	return &Generator{rng: rand.New(rand.NewPCG(seed, 0)), conns: []string{super, "a", "b", "c"}, many: many,
		burst: burst, open: make(map[string]bool), known: make(map[string]bool)}
}

// Next is the next step, and how many requests it holds.
func (g *Generator) Next() (*Step, int) {
	name := pick(g, g.conns)
	if !g.open[name] {
		g.open[name] = true
		return g.connect(name), 1
	}
	if g.chance(0.02) {
		return g.lonely(name), 1
	}
	if name == super && !g.known[super] {
		g.known[super] = true
		return ask(name, "auth", "0", `"digest"`, `"super:secret"`), 1
	}
	step := &Step{Conn: name, Verb: "burst"}
	for n := 1 + g.rng.IntN(g.burst); len(step.Burst) < n; {
		one := g.request(name)
		step.Burst = append(step.Burst, *one)
		if one.Op == "setACL" {
			break
		}
	}
	if len(step.Burst) == 1 {
		return &step.Burst[0], 1
	}
	return step, len(step.Burst)
}

// connect opens a session, or resumes the one the connection had; in an ensemble
// on any server, but mostly on one follower.
func (g *Generator) connect(name string) *Step {
	step := verb(name, "connect", "timeout=600000")
	if name != super && g.known[name] && g.chance(0.5) {
		step.Args = append(step.Args, Token("session="+name), Token("password="+name))
	} else {
		g.known[name] = name != super
	}
	if g.many && g.chance(0.4) {
		step.Args = append(step.Args, Token("on="+pick(g, []string{other, leader})))
	}
	return step
}

// lonely is a step after which a connection is not what it was.
func (g *Generator) lonely(name string) *Step {
	if name == super {
		return ask(name, "ping")
	}
	switch g.rng.IntN(5) {
	case 0:
		g.open[name], g.known[name] = false, false
		return ask(name, "closeSession")
	case 1:
		g.open[name] = false
		return verb(name, "drop")
	case 2:
		g.open[name] = false
		return ask(name, "op:500", "/")
	}
	return ask(name, "auth", "0", `"digest"`, Token(pick(g, []string{`"joe:pw"`, `"amy:pw"`})))
}

func verb(conn, verb string, args ...Token) *Step { return &Step{Conn: conn, Verb: verb, Args: args} }

func ask(conn, op string, args ...Token) *Step {
	return &Step{Conn: conn, Verb: "request", Op: op, Args: args}
}

func (g *Generator) chance(p float64) bool { return g.rng.Float64() < p }

func pick[T any](g *Generator, list []T) T { return list[g.rng.IntN(len(list))] }

// choices are the requests of a burst, with their weights.
var choices = []struct {
	weight int
	make   func(g *Generator) (op string, args []Token)
}{
	{120, (*Generator).create},
	{130, (*Generator).delete},
	{80, (*Generator).setData},
	{15, (*Generator).setACL},
	{60, (*Generator).multi},
	{120, (*Generator).read},
	{40, (*Generator).watch},
	{15, (*Generator).setWatches},
	{20, (*Generator).other},
	{10, (*Generator).multiRead},
	{10, (*Generator).quota},
}

var weights = func() (sum int) {
	for _, c := range choices {
		sum += c.weight
	}
	return sum
}()

func (g *Generator) request(conn string) *Step {
	n := g.rng.IntN(weights)
	for _, c := range choices {
		if n -= c.weight; n >= 0 {
			continue
		}
		op, args := c.make(g)
		// What does not decode as a reconfig is never answered by the original's ensemble.
		if g.chance(0.02) && !(g.many && op == "reconfig") {
			args = g.spoil(args)
		}
		return ask(conn, op, args...)
	}
	panic("weights do not add up")
}

// spoil cuts a body short, or adds to it.
func (g *Generator) spoil(args []Token) []Token {
	whole, err := body(args, 1)
	if err != nil || len(whole) == 0 {
		return args
	}
	if g.chance(0.2) {
		return append(args, "x'00ff00'")
	}
	cut := whole[:g.rng.IntN(len(whole))]
	return []Token{Token("x'" + hex.EncodeToString(cut) + "'")}
}

var (
	names3   = []string{"a", "b", "c"}
	badPaths = []Token{`""`, `"a"`, "/a/", "/a//b", "//", "/a/.", "/a/../b", `"/a\x00"`, `"/\u0001"`, `"/a/\xff"`,
		"null", "/zookeeper/none/x"}
)

// path is mostly of the small tree, now and then of the system, or none.
func (g *Generator) path() Token {
	switch p := g.rng.Float64(); {
	case p < 0.01:
		return pick(g, badPaths)
	case p < 0.03:
		return g.system()
	case p < 0.05:
		return "/"
	}
	return Token(g.treePath())
}

// system is a node that is always there. The times of an ensemble's config node
// are each server's own.
func (g *Generator) system() Token {
	paths := []Token{"/zookeeper", "/zookeeper/quota", "/zookeeper/quota/a", "/zookeeper/config"}
	if g.many {
		paths = paths[:3]
	}
	return pick(g, paths)
}

func (g *Generator) treePath() string {
	path := ""
	for range 1 + g.rng.IntN(3) {
		path += "/" + pick(g, names3)
	}
	if g.chance(0.1) {
		path += fmt.Sprintf("/s%010d", g.rng.IntN(12))
	}
	return path
}

func (g *Generator) data() Token {
	return pick(g, []Token{"null", `""`, `"1"`, `"22"`, `"a little longer"`, "fill(100)"})
}

const (
	joe = "digest:joe:VAXy9ajBTglP5dEFbkRFkF33wJ4="
	amy = "digest:amy:ytedbzoRRPHPjfCmtagR0pUO0cI="
)

func (g *Generator) acl() Token {
	if g.chance(0.75) {
		return "open"
	}
	perms := strconv.Itoa(g.rng.IntN(32))
	return pick(g, []Token{"read", "null", "[]", `acl(31:auth:"")`, Token("acl(" + perms + ":world:anyone)"),
		Token("acl(" + perms + `:auth:"" 25:world:anyone)`), "acl(1:world:anyone 31:" + joe + ")",
		Token("acl(31:" + amy + " 31:" + joe + " " + perms + ":ip:127.0.0.1)"), "acl(31:ip:127.0.0.0/8)",
		"acl(31:ip:10.0.0.1)", "acl(31:nope:x)", "acl(31:world:someone)", "acl(31:world:anyone 31:world:anyone)"})
}

func (g *Generator) version() Token {
	if g.chance(0.8) {
		return "-1"
	}
	return Token(strconv.Itoa(g.rng.IntN(4)))
}

// create is any of the four creates, with any kind of node.
func (g *Generator) create() (string, []Token) {
	path := g.path()
	flags := pick(g, []Token{"0", "0", "0", "0", "1", "1", "2", "3", "4"})
	if g.chance(0.02) {
		flags = pick(g, []Token{"5", "6", "7", "-1"})
	}
	if flags == "2" || flags == "3" {
		path = Token(g.treePath() + pick(g, []string{"/", "/s"}))
	}
	op := pick(g, []string{"create", "create", "create", "create2", "create2", "createContainer", "createTTL"})
	args := []Token{path, g.data(), g.acl(), flags}
	switch op {
	case "createContainer":
		// With an ephemeral's flag the original takes it for one until it is applied.
		args[3] = pick(g, []Token{"0", "2", "4", "4", "5"})
	case "createTTL":
		if g.chance(0.8) {
			args[3] = pick(g, []Token{"5", "6"})
		}
		args = append(args, pick(g, []Token{"1000000000L", "1099511627775L", "1099511627776L", "0L"}))
	}
	return op, args
}

// delete aims at the leaves, or the tree would only fill up.
func (g *Generator) delete() (string, []Token) {
	path := g.path()
	if g.chance(0.6) {
		path = Token("/" + pick(g, names3) + "/" + pick(g, names3) + "/" + pick(g, names3))
	}
	return "delete", []Token{path, g.version()}
}

func (g *Generator) setData() (string, []Token) {
	return "setData", []Token{g.path(), g.data(), g.version()}
}

func (g *Generator) setACL() (string, []Token) {
	return "setACL", []Token{g.path(), g.acl(), g.version()}
}

// multi keeps off null paths, for which the original's answer lags a zxid, and
// off TTL flags without a TTL: these fail in the original without a rollback, and
// what is pipelined behind them sees nodes that were never made.
func (g *Generator) multi() (string, []Token) {
	var args []Token
	for range g.rng.IntN(5) {
		args = append(args, g.member())
	}
	return "multi", append(args, "end")
}

func (g *Generator) member() Token {
	makers := []func(*Generator) (string, []Token){(*Generator).create, (*Generator).create, (*Generator).delete,
		(*Generator).delete, (*Generator).setData, (*Generator).setData, (*Generator).check}
	op, args := pick(g, makers)(g)
	if args[0] == "null" {
		args[0] = "/a"
	}
	if len(args) == 4 && (args[3] == "5" || args[3] == "6") {
		args[3] = "0"
	}
	if g.chance(0.01) {
		op, args = "getData", []Token{"/a", "no"}
	}
	return braces(op, args)
}

func (g *Generator) check() (string, []Token) { return "check", []Token{g.path(), g.version()} }

func braces(op string, args []Token) Token {
	s := "{" + op
	for _, arg := range args {
		s += " " + string(arg)
	}
	return Token(s + "}")
}

func (g *Generator) multiRead() (string, []Token) {
	var args []Token
	for range g.rng.IntN(5) {
		args = append(args, braces(pick(g, []string{"getData", "getChildren"}), []Token{Token(g.treePath()), g.bool()}))
	}
	return "multiRead", append(args, "end")
}

func (g *Generator) bool() Token {
	if g.chance(0.3) {
		return "yes"
	}
	return "no"
}

func (g *Generator) read() (string, []Token) {
	switch op := pick(g, []string{"exists", "getData", "getChildren", "getChildren2", "getACL",
		"getAllChildrenNumber", "getEphemerals"}); op {
	case "getACL", "getAllChildrenNumber", "getEphemerals":
		return op, []Token{g.path()}
	default:
		return op, []Token{g.path(), g.bool()}
	}
}

func (g *Generator) watch() (string, []Token) {
	path := Token(g.treePath())
	if g.chance(0.1) {
		path = "/"
	}
	if g.chance(0.4) {
		return "addWatch", []Token{path, pick(g, []Token{"0", "1", "1", "2"})}
	}
	return "removeWatches", []Token{path, pick(g, []Token{"1", "2", "3", "3", "4"})}
}

func (g *Generator) setWatches() (string, []Token) {
	op, lists := "setWatches", 3
	if g.chance(0.5) {
		op, lists = "setWatches2", 5
	}
	args := []Token{Token("zxid-" + strconv.Itoa(g.rng.IntN(40)))}
	for range lists {
		list := "["
		for range g.rng.IntN(3) {
			list += g.treePath() + " "
		}
		args = append(args, Token(list+"]"))
	}
	return op, args
}

// other requests leave the tree alone; the check always fails, since the
// original does not answer one that succeeds.
func (g *Generator) other() (string, []Token) {
	switch op := pick(g, []string{"ping", "sync", "whoAmI", "check", "deleteContainer", "reconfig"}); op {
	case "sync":
		path := g.path()
		if path == "null" {
			path = "/a" // its echo is an explained difference, shown by a script
		}
		return op, []Token{path}
	case "check":
		return op, []Token{g.path(), "1000000"}
	case "reconfig":
		return op, []Token{`"x"`, "null", "null", "-1L"}
	default:
		return op, nil
	}
}

// quota writes to the books, never for the root: that ends the original.
func (g *Generator) quota() (string, []Token) {
	at := "/zookeeper/quota/" + pick(g, names3)
	if g.chance(0.3) {
		at += "/" + pick(g, names3)
	}
	limits := pick(g, []Token{`"count=3,bytes=10"`, `""`, `"count=-1,bytes=-1=;byteHardLimit=200;countHardLimit=6"`,
		`"countHardLimit=4"`, `"byteHardLimit=50"`})
	switch g.rng.IntN(8) {
	case 0:
		return "delete", []Token{Token(at + pick(g, []string{"/zookeeper_limits", "/zookeeper_stats"})), "-1"}
	case 1, 2:
		return "create", []Token{Token(at), `""`, "open", "0"}
	case 3:
		return "create", []Token{Token(at + "/zookeeper_limits"), limits, "open", "0"}
	case 4:
		return "setData", []Token{Token(at + "/zookeeper_limits"), limits, "-1"}
	case 5:
		return "create", []Token{Token(at + "/zookeeper_stats"), `""`, "open", "0"}
	default:
		return "getData", []Token{Token(at + "/zookeeper_stats"), "no"}
	}
}
