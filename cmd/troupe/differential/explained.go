package differential

import (
	"regexp"
	"strings"
)

// Explanation is one difference that is meant. All three patterns must match
// for it to apply; answers are matched as one text, lines joined by newlines.
type Explanation struct {
	Name   string // its heading in DIVERGENCES.md
	Step   *regexp.Regexp
	Apache *regexp.Regexp
	Troupe *regexp.Regexp
}

// Explained is every difference that is meant. Each must have been met by the
// end of a run of all scripts.
var Explained = []Explanation{
	{
		Name:   "A check of its own is answered",
		Step:   regexp.MustCompile(`quiet check`),
		Apache: regexp.MustCompile(`^\w+ no reply to check @\d+$`),
		Troupe: regexp.MustCompile(`^\w+ check ok @\d+$`),
	},
	{
		Name:   "A wrong password cuts nobody off",
		Step:   regexp.MustCompile(`connect session=l password="0123456789abcdef"`),
		Apache: regexp.MustCompile(`(?s)^\w+ connected .* session=none .*\n\w+ closed\nl closed$`),
		Troupe: regexp.MustCompile(`^\w+ connected .* session=none .*\n\w+ closed$`),
	},
	{
		Name:   "checkWatches speaks of one's own watches",
		Step:   regexp.MustCompile(`^b checkWatches /p [123]$`),
		Apache: regexp.MustCompile(`^b checkWatches ok @\d+$`),
		Troupe: regexp.MustCompile(`^b checkWatches -121 @\d+$`),
	},
	{
		Name:   "TTL nodes are on unless they are switched off",
		Step:   regexp.MustCompile(`^a createTTL /ttl `),
		Apache: regexp.MustCompile(`^a createTTL -6 @\d+$`),
		Troupe: regexp.MustCompile(`^a createTTL ok @\d+ `),
	},
	{
		Name:   "A null path in a multi or a multiRead",
		Step:   regexp.MustCompile(`^a multi(Read)? .*\{\w+ null`),
		Apache: regexp.MustCompile(`^a multi(Read)? -5 @\d+ \[`),
		Troupe: regexp.MustCompile(`^a multi(Read)? (-5|ok) @\d+`),
	},
	{
		Name:   "A write in a multiRead",
		Step:   regexp.MustCompile(`^a multiRead \{(create|check) /`),
		Apache: regexp.MustCompile(`^a multiRead -5 @\d+ \[\]$`),
		Troupe: regexp.MustCompile(`^a multiRead -5 @\d+$`),
	},
	{
		Name:   "A sync's path comes back as UTF-8",
		Step:   regexp.MustCompile(`^a sync (null|"/f/\\U0001f600")$`),
		Apache: regexp.MustCompile(`^a sync ok @\d+ bytes (ffffffff|000000092f662feda0bdedb880)$`),
		Troupe: regexp.MustCompile(`^a sync ok @\d+ (""|"/f/😀")$`),
	},
	{
		Name:   "Null lists and paths in setWatches are empty",
		Step:   regexp.MustCompile(`^d setWatches2? .*null`),
		Apache: regexp.MustCompile(`d setWatches2? -5 @\d+$`),
		Troupe: regexp.MustCompile(`d setWatches2? ok @\d+$`),
	},
	{
		Name:   "The list of servers has no time of its own",
		Step:   regexp.MustCompile(`^\w \w+ /zookeeper/config( no| yes)?$`),
		Apache: regexp.MustCompile(`^\w \w+ ok @\d+ .*\{c0 m0 p0 v=-1 cv=0 av=-1 len=138 kids=0 ctime=0 times differ\}$`),
		Troupe: regexp.MustCompile(`^\w \w+ ok @\d+ .*\{c0 m0 p0 v=-1 cv=0 av=-1 len=138 kids=0 ctime=0 mtime=0\}$`),
	},
	{
		Name:   "A write on an abandoned connection costs nothing",
		Step:   regexp.MustCompile(`^(a setData /n "stale"|b create /stale) `),
		Apache: regexp.MustCompile(`^[ab] closed\n[bc] ping ok @\d+$`),
		Troupe: regexp.MustCompile(`^[ab] closed$`),
	},
	{
		Name:   "The list of servers is fixed",
		Step:   regexp.MustCompile(`^[as] reconfig `),
		Apache: regexp.MustCompile(`^[as] reconfig (-102|-8|-13|-103|ok) @\d+`),
		Troupe: regexp.MustCompile(`^[as] reconfig -123 @\d+$`),
	},
	{
		Name:   "The list of servers is put over /zookeeper/config when it is read",
		Step:   regexp.MustCompile(`/zookeeper/config`),
		Apache: regexp.MustCompile(`^\w+ \w+ (ok|-103) ?@\d+.*( v=(-1|0|1) |\[-103\])`),
		Troupe: regexp.MustCompile(`^\w+ \w+ (ok @\d+.*( v=[01] |\[check\])|-103 @)`),
	},
	{
		Name:   "The list of servers is in no quota",
		Step:   regexp.MustCompile(`^a getData /zookeeper/quota/(zookeeper/)?zookeeper_stats `),
		Apache: regexp.MustCompile(`^a getData ok @\d+ "count=\d+,bytes=\d+"`),
		Troupe: regexp.MustCompile(`^a getData ok @\d+ "count=\d+,bytes=\d+"`),
	},
}

// explain returns the explanation of a difference, nil if there is none.
func explain(step string, apache, troupe []string) *Explanation {
	a, t := strings.Join(apache, "\n"), strings.Join(troupe, "\n")
	for i := range Explained {
		e := &Explained[i]
		if e.Step.MatchString(step) && e.Apache.MatchString(a) && e.Troupe.MatchString(t) {
			return e
		}
	}
	return nil
}
