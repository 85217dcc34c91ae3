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
