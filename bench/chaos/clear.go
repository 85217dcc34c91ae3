package chaos

import "strings"

// Each session deletes what it has made once there is more of it than this: trees
// and disks have a size in a long run at which they must stay.
const kept = 200

// makes is what has to be cleared after an operation of those that all sessions do.
func (o *Op) makes() string {
	switch o.Kind {
	case Create:
		return o.Path
	case Sequence:
		return o.Got // of one whose end is unknown, nobody knows the name
	case Group:
		return pairs + "/" + o.Value
	}
	return ""
}

// clears are the paths of what is cleared, at once.
func (o *Op) clears() []string {
	if value, ok := strings.CutPrefix(o.Path, pairs+"/"); ok {
		return pair(&Op{Value: value})
	}
	return []string{o.Path}
}

// fates tells what became of attempts to clear: Done, Refused where nothing was
// there, or Unknown. Of what was not tried, there is nothing.
func fates(ops []Op) map[string]Outcome {
	all := make(map[string]Outcome)
	for i := range ops {
		if o := &ops[i]; o.Kind == Clear && o.Outcome != NotDone {
			all[o.Path] = o.Outcome
		}
	}
	return all
}
