package differential

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"troupe/wire"
)

// Token is one typed piece of a request's body, in the script's notation:
//
//	/a/b "text\n"        a string or buffer, with its length
//	null                 length -1
//	7 -1                 an int
//	7L                   a long
//	zxid zxid-3          a long: the last zxid seen on this server, and around it
//	yes no               a boolean
//	open read            the usual ACL lists
//	acl(31:ip:1.2.3.4 1:world:anyone)   an ACL list; id and scheme may be null or quoted
//	[/a /b]              a vector of strings
//	fill(1000)           a string of so many bytes
//	x'00ff'              bytes as they are
//	{create /a "" open 0}  one member of a multi: its header and its body
//	end                  the header that ends a multi
type Token string

// tokenize cuts a line at spaces outside of quotes and brackets.
func tokenize(line string) ([]Token, error) {
	var tokens []Token
	depth, start := 0, -1
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			end, err := quoteEnd(line, i)
			if err != nil {
				return nil, err
			}
			if start < 0 {
				start = i
			}
			i = end
		case c == ' ' && depth == 0:
			if start >= 0 {
				tokens = append(tokens, Token(line[start:i]))
			}
			start = -1
			continue
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		}
		if start < 0 {
			start = i
		}
	}
	if depth != 0 {
		return nil, fmt.Errorf("unbalanced brackets in %q", line)
	}
	if start >= 0 {
		tokens = append(tokens, Token(line[start:]))
	}
	return tokens, nil
}

// quoteEnd is the index of the quote that closes the one at i.
func quoteEnd(line string, i int) (int, error) {
	for j := i + 1; j < len(line); j++ {
		switch line[j] {
		case '\\':
			j++
		case '"':
			return j, nil
		}
	}
	return 0, fmt.Errorf("open quote in %q", line)
}

// body encodes tokens; zxid is the last one seen on the server they go to.
func body(tokens []Token, zxid int64) ([]byte, error) {
	var b []byte
	for _, t := range tokens {
		var err error
		if b, err = appendToken(b, string(t), zxid); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendToken(b []byte, t string, zxid int64) ([]byte, error) {
	switch {
	case t == "null":
		return appendInt(b, -1), nil
	case t == "yes":
		return append(b, 1), nil
	case t == "no":
		return append(b, 0), nil
	case t == "open":
		return appendACL(b, "31:world:anyone")
	case t == "read":
		return appendACL(b, "1:world:anyone")
	case t == "end":
		return appendMultiHeader(b, -1, true), nil
	case t[0] == '/' || t[0] == '"':
		return appendQuoted(b, t)
	case strings.HasPrefix(t, "zxid"):
		return appendZxid(b, t, zxid)
	case strings.HasPrefix(t, "x'"):
		return appendHex(b, t)
	case strings.HasPrefix(t, "acl("):
		return appendACL(b, inner(t, "acl("))
	case strings.HasPrefix(t, "fill("):
		return appendFill(b, inner(t, "fill("))
	case t[0] == '[':
		return appendVector(b, inner(t, "["))
	case t[0] == '{':
		return appendMember(b, inner(t, "{"), zxid)
	}
	return appendNumber(b, t)
}

// inner is what is between an opening and the last character.
func inner(t, open string) string { return t[len(open) : len(t)-1] }

func appendInt(b []byte, v int32) []byte  { return binary.BigEndian.AppendUint32(b, uint32(v)) }
func appendLong(b []byte, v int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(v)) }

func appendString(b []byte, s string) []byte {
	return append(appendInt(b, int32(len(s))), s...)
}

func appendNumber(b []byte, t string) ([]byte, error) {
	if long, ok := strings.CutSuffix(t, "L"); ok {
		v, err := strconv.ParseInt(long, 10, 64)
		return appendLong(b, v), err
	}
	v, err := strconv.ParseInt(t, 10, 32)
	return appendInt(b, int32(v)), err
}

func appendZxid(b []byte, t string, zxid int64) ([]byte, error) {
	if t == "zxid" {
		return appendLong(b, zxid), nil
	}
	delta, err := strconv.ParseInt(t[len("zxid"):], 10, 64)
	return appendLong(b, zxid+delta), err
}

func appendHex(b []byte, t string) ([]byte, error) {
	raw, err := hex.DecodeString(inner(t, "x'"))
	return append(b, raw...), err
}

func appendFill(b []byte, count string) ([]byte, error) {
	n, err := strconv.Atoi(count)
	return appendString(b, strings.Repeat("x", n)), err
}

// appendQuoted appends a string that may be quoted, bare, or null.
func appendQuoted(b []byte, t string) ([]byte, error) {
	if t == "null" {
		return appendInt(b, -1), nil
	}
	if strings.HasPrefix(t, `"`) {
		s, err := strconv.Unquote(t)
		if err != nil {
			return nil, fmt.Errorf("string %s: %w", t, err)
		}
		t = s
	}
	return appendString(b, t), nil
}

func appendVector(b []byte, list string) ([]byte, error) {
	items, err := tokenize(list)
	if err != nil {
		return nil, err
	}
	b = appendInt(b, int32(len(items)))
	for _, item := range items {
		if b, err = appendQuoted(b, string(item)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendACL(b []byte, list string) ([]byte, error) {
	entries, err := tokenize(list)
	if err != nil {
		return nil, err
	}
	b = appendInt(b, int32(len(entries)))
	for _, entry := range entries {
		parts := strings.SplitN(string(entry), ":", 3)
		if len(parts) != 3 {
			return nil, fmt.Errorf("ACL %q is not perms:scheme:id", entry)
		}
		if b, err = appendNumber(b, parts[0]); err != nil {
			return nil, err
		}
		for _, part := range parts[1:] {
			if b, err = appendQuoted(b, part); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

func appendMultiHeader(b []byte, op wire.OpCode, done bool) []byte {
	b = appendInt(b, int32(op))
	if done {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	return appendInt(b, -1)
}

func appendMember(b []byte, member string, zxid int64) ([]byte, error) {
	tokens, err := tokenize(member)
	if err != nil || len(tokens) == 0 {
		return nil, fmt.Errorf("member of a multi %q: %v", member, err)
	}
	op, err := parseOp(string(tokens[0]))
	if err != nil {
		return nil, err
	}
	rest, err := body(tokens[1:], zxid)
	return append(appendMultiHeader(b, op, false), rest...), err
}

var opByName = func() map[string]wire.OpCode {
	names := make(map[string]wire.OpCode)
	for op := wire.OpCloseSession; op <= wire.OpWhoAmI; op++ {
		names[op.String()] = op
	}
	return names
}()

// parseOp reads an operation's name, or its number as "op:500".
func parseOp(name string) (wire.OpCode, error) {
	if op, ok := opByName[name]; ok {
		return op, nil
	}
	if number, ok := strings.CutPrefix(name, "op:"); ok {
		v, err := strconv.ParseInt(number, 10, 32)
		return wire.OpCode(v), err
	}
	return 0, fmt.Errorf("unknown operation %q", name)
}
