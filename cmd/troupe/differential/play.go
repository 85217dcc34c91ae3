package differential

import (
	"fmt"
	"slices"
	"strings"
)

// Play runs all steps of a script and returns a copy of it that holds the
// answers of these servers, to which nobody has connected yet.
func Play(s *Script, side *Side) (*Script, error) {
	defer side.Close()
	played := *s
	played.Lines = slices.Clone(s.Lines)
	for i := range played.Lines {
		line := &played.Lines[i]
		line.Want, line.Many = nil, nil
		if line.Step == nil {
			continue
		}
		got, err := side.Run(line.Step)
		if err != nil {
			return &played, fmt.Errorf("%s.txt:%d: %s: %w", s.Name, line.Number, line.Text, err)
		}
		line.Want = got
	}
	return &played, nil
}

// Merge makes one script of what a server of its own and an ensemble answered.
func Merge(alone, many *Script) *Script {
	merged := *alone
	merged.Lines = slices.Clone(alone.Lines)
	for i, line := range many.Lines {
		if !slices.Equal(line.Want, merged.Lines[i].Want) {
			merged.Lines[i].Many = line.Want
		}
	}
	return &merged
}

// Difference is a step that two servers answered differently.
type Difference struct {
	Where  string // file and line, if it is from a script
	Step   string
	Apache []string
	Troupe []string
}

// String shows the two answers below the step, from where they part.
func (d Difference) String() string {
	var b strings.Builder
	if d.Where != "" {
		b.WriteString(d.Where + ": ")
	}
	b.WriteString(d.Step + "\n")
	alike := 0
	for alike < min(len(d.Apache), len(d.Troupe)) && d.Apache[alike] == d.Troupe[alike] {
		fmt.Fprintf(&b, "    both: %s\n", d.Apache[alike])
		alike++
	}
	for _, line := range d.Apache[alike:] {
		fmt.Fprintf(&b, "  apache: %s\n", line)
	}
	for _, line := range d.Troupe[alike:] {
		fmt.Fprintf(&b, "  troupe: %s\n", line)
	}
	return b.String()
}

// same compares lines of the answer to a step of a connection. Which of the others first
// shows that a transaction has come, of which nobody was told, is chance: a server of an
// ensemble may have it before another.
func same(asker string) func(a, b string) bool {
	const rise = " ping ok @"
	return func(a, b string) bool {
		who, at, is := strings.Cut(a, rise)
		other, when, too := strings.Cut(b, rise)
		return a == b || is && too && at == when && who != asker && other != asker
	}
}

// Compare lists the unexplained differences between a script's recorded answers
// and another server's, and counts the explained ones by name.
func Compare(recorded, played *Script, many bool) (differences []Difference, explained map[string]int) {
	explained = make(map[string]int)
	for i, want := range recorded.Lines {
		got := played.Lines[i]
		answers := want.answers(many)
		if want.Step == nil || slices.EqualFunc(answers, got.Want, same(want.Step.Conn)) {
			continue
		}
		if e := explain(want.Text, answers, got.Want); e != nil {
			explained[e.Name]++
			continue
		}
		where := fmt.Sprintf("%s.txt:%d", recorded.Name, want.Number)
		differences = append(differences, Difference{where, want.Text, answers, got.Want})
	}
	return differences, explained
}
