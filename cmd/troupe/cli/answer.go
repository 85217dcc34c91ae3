package cli

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"troupe/wire"
)

// answer is what a command says: lines of text for people and scripts, or fields
// of one JSON object. Commands give both; which is printed is the user's choice.
type answer struct {
	out    *printer
	fields map[string]any // nil for text
}

func newAnswer(out *printer, asJSON bool) *answer {
	a := &answer{out: out}
	if asJSON {
		a.fields = map[string]any{}
	}
	return a
}

// line says a line of text.
func (a *answer) line(format string, args ...any) {
	if a.fields == nil {
		a.out.text(fmt.Sprintf(format, args...) + "\n")
	}
}

// field says a member of the object.
func (a *answer) field(name string, value any) {
	if a.fields != nil {
		a.fields[name] = value
	}
}

// add says an element of an array in the object.
func (a *answer) add(name string, element any) {
	if a.fields != nil {
		list, _ := a.fields[name].([]any)
		a.fields[name] = append(list, element)
	}
}

// stat says a Stat.
func (a *answer) stat(s wire.Stat) {
	for _, f := range []struct {
		name, member string
		value        any
	}{
		{"cZxid", "czxid", s.Czxid.String()}, {"ctime", "ctime", s.Ctime},
		{"mZxid", "mzxid", s.Mzxid.String()}, {"mtime", "mtime", s.Mtime},
		{"pZxid", "pzxid", s.Pzxid.String()}, {"cversion", "cversion", s.Cversion},
		{"dataVersion", "version", s.Version}, {"aclVersion", "aversion", s.Aversion},
		{"ephemeralOwner", "ephemeralOwner", s.EphemeralOwner.String()},
		{"dataLength", "dataLength", s.DataLength}, {"numChildren", "numChildren", s.NumChildren},
	} {
		shown := f.value
		if ms, ok := shown.(int64); ok {
			shown = time.UnixMilli(ms).Format("Mon Jan 02 15:04:05 MST 2006")
		}
		a.line("%s = %v", f.name, shown)
		if a.fields != nil {
			stat, _ := a.fields["stat"].(map[string]any)
			if stat == nil {
				stat = map[string]any{}
				a.fields["stat"] = stat
			}
			stat[f.member] = f.value
		}
	}
}

// data says a znode's data: as the member data if it is text, else as dataBase64.
func (a *answer) data(b []byte) {
	switch {
	case b == nil:
		a.line("null")
		a.field("data", nil)
	case utf8.Valid(b):
		a.line("%s", b)
		a.field("data", string(b))
	default:
		a.line("%s", b)
		a.field("dataBase64", base64.StdEncoding.EncodeToString(b))
	}
}

// end prints how the command ended, and all of it if it is an object.
func (a *answer) end(command string, err error) error {
	if a.fields == nil {
		if err != nil {
			a.out.complain(err.Error())
		}
		return a.out.flush()
	}
	a.fields["command"] = command
	a.fields["ok"] = err == nil
	if err != nil {
		a.fields["error"] = err.Error()
		var f *failure
		if errors.As(err, &f) && f.code != "" {
			a.fields["code"] = f.code
		}
	}
	return a.out.object(a.fields)
}

// object prints v as one line of JSON.
func (p *printer) object(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("print result: %w", err)
	}
	p.text(string(b) + "\n")
	return p.flush()
}
