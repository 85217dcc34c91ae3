package config

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// number is a rule for a whole number of what, from least to most.
func number(field *int, least, most int, what string) rule {
	return func(p *parser, e entry) {
		if v, ok := p.number(e, least, most, what); ok {
			*field = v
		}
	}
}

// unlimited is a rule for a bound that zero and less switch off.
func unlimited(field *int, what string) rule {
	return func(p *parser, e entry) {
		if v, ok := p.number(e, math.MinInt32, math.MaxInt32, what+", 0 for no limit"); ok {
			*field = max(v, 0)
		}
	}
}

// millis is a rule for a time in milliseconds.
func millis(field *time.Duration, least, most int, what string) rule {
	return func(p *parser, e entry) {
		if v, ok := p.number(e, least, most, what+" in milliseconds"); ok {
			*field = time.Duration(v) * time.Millisecond
		}
	}
}

// boolean is a rule for true and false; yes and no say the same.
func boolean(field *bool) rule {
	return func(p *parser, e entry) {
		if v, ok := p.boolean(e); ok {
			*field = v
		}
	}
}

// directory is a rule for a path.
func directory(field *string) rule {
	return func(p *parser, e entry) {
		if path, ok := p.path(e); ok {
			*field = path
		}
	}
}

func (p *parser) path(e entry) (string, bool) {
	if e.value == "" || strings.ContainsRune(e.value, 0) {
		p.bad(e, "want the path of a directory or file")
		return "", false
	}
	if e.lossy {
		p.warn(e, "a backslash is an escape in this file, so this reads as "+shown(e.value)+`; write / or \\`)
	}
	return e.value, true
}

// number parses e as Java's Integer.decode would, in decimal or as 0x...; what
// names it in the message.
func (p *parser) number(e entry, least, most int, what string) (int, bool) {
	v, err := parseNumber(e.value)
	if err == nil && v >= int64(least) && v <= int64(most) {
		return int(v), true
	}
	reason := "want " + what
	if least > math.MinInt32 {
		reason += fmt.Sprintf(", from %d to %d", least, most)
	}
	if strings.ContainsAny(e.value, "#!") {
		reason += " (a comment needs a line of its own)"
	}
	p.bad(e, reason)
	return 0, false
}

func parseNumber(s string) (int64, error) {
	digits, base := s, 10
	if len(s) > 2 && (s[:2] == "0x" || s[:2] == "0X") {
		digits, base = s[2:], 16
		if digits[0] == '-' || digits[0] == '+' {
			return 0, errors.New("sign inside a number")
		}
	}
	return strconv.ParseInt(digits, base, 32)
}

func (p *parser) boolean(e entry) (value, ok bool) {
	switch strings.ToLower(e.value) {
	case "true", "yes":
		return true, true
	case "false", "no":
		return false, true
	}
	p.bad(e, "want true or false (yes and no do too)")
	return false, false
}

// host checks a host name or address and takes the brackets off an IPv6 one.
func host(s string) (string, error) {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		if !ok {
			return "", errors.New("[ without ]")
		}
		if addr, err := netip.ParseAddr(inner); err != nil || !addr.Is6() {
			return "", errors.New("what stands in brackets is not an IPv6 address")
		}
		return inner, nil
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return s, nil
	}
	if s == "" {
		return "", errors.New("the host is empty")
	}
	for _, r := range s {
		if r <= ' ' || r == 0x7f || strings.ContainsRune(`:;|/\,[]"*#`, r) {
			return "", fmt.Errorf("%q cannot be in a host name", r)
		}
	}
	return s, nil
}

// sameHost compares two hosts as they are written; a name is not looked up.
func sameHost(a, b string) bool {
	x, errA := netip.ParseAddr(a)
	y, errB := netip.ParseAddr(b)
	if errA == nil && errB == nil {
		return x == y
	}
	return strings.EqualFold(a, b)
}

// anyHost says that a host stands for every interface.
func anyHost(s string) bool {
	addr, err := netip.ParseAddr(s)
	return s == "" || err == nil && addr.IsUnspecified()
}
