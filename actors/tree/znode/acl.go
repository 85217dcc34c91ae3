package znode

import (
	"slices"
	"strconv"
	"strings"

	"troupe/wire"
)

// aclTable lets nodes with equal lists share one. It forgets everything when
// it has grown, so that it cannot grow without bound; lists in use live on.
type aclTable struct{ m map[string]*[]wire.ACL }

const aclTableMax = 4096

func (t *aclTable) share(acl []wire.ACL) *[]wire.ACL {
	var b [128]byte
	key := b[:0]
	for _, a := range acl {
		key = strconv.AppendInt(key, int64(a.Perms), 10)
		key = append(append(append(append(key, ':'), a.ID.Scheme...), ':'), a.ID.ID...)
		key = append(key, 0)
	}
	if p := t.m[string(key)]; p != nil {
		return p
	}
	if t.m == nil || len(t.m) >= aclTableMax {
		t.m = make(map[string]*[]wire.ACL)
	}
	p := &acl
	t.m[string(key)] = p
	return p
}

// Permitted tells whether somebody authenticated as auth may do perm under acl.
func Permitted(acl []wire.ACL, perm wire.Perm, auth []wire.ID) bool {
	if len(acl) == 0 {
		return true
	}
	for _, a := range acl {
		if a.Perms&perm != 0 && a.ID.Scheme == "world" && a.ID.ID == "anyone" {
			return true
		}
	}
	for _, id := range auth {
		if id.Scheme == "super" {
			return true
		}
	}
	for _, a := range acl {
		if a.Perms&perm == 0 {
			continue
		}
		for _, id := range auth {
			if id.Scheme == a.ID.Scheme && matches(a.ID, id.ID) {
				return true
			}
		}
	}
	return false
}

// matches tells whether an identity fits an ACL's id of the same scheme.
func matches(acl wire.ID, id string) bool {
	switch acl.Scheme {
	case "digest":
		return acl.ID == id
	case "ip":
		return matchIP(acl.ID, id)
	}
	return false
}

// fixACL checks the ACL a client gave and expands the scheme auth to the
// identities it has proved; duplicates collapse.
func fixACL(acl []wire.ACL, auth []wire.ID) ([]wire.ACL, wire.ErrorCode) {
	if len(acl) == 0 {
		return nil, wire.InvalidACL
	}
	fixed := make([]wire.ACL, 0, len(acl))
	for _, a := range unique(acl) {
		if a.ID.ID == wire.NullID && knownScheme(a.ID.Scheme) {
			return nil, wire.MarshallingError
		}
		switch a.ID.Scheme {
		case "world":
			if a.ID.ID != "anyone" {
				return nil, wire.InvalidACL
			}
			fixed = append(fixed, a)
		case "auth":
			n := len(fixed)
			for _, id := range auth {
				if id.Scheme == "digest" {
					fixed = append(fixed, wire.ACL{Perms: a.Perms, ID: id})
				}
			}
			if len(fixed) == n {
				return nil, wire.InvalidACL
			}
		case "digest":
			if !validDigest(a.ID.ID) {
				return nil, wire.InvalidACL
			}
			fixed = append(fixed, a)
		case "ip":
			if _, _, ok := parseIP(a.ID.ID); !ok {
				return nil, wire.InvalidACL
			}
			fixed = append(fixed, a)
		default:
			return nil, wire.InvalidACL
		}
	}
	return fixed, wire.OK
}

func knownScheme(s string) bool { return s == "world" || s == "digest" || s == "ip" }

// unique drops what is there twice; a frame can hold tens of thousands.
func unique(acl []wire.ACL) []wire.ACL {
	if len(acl) < 2 {
		return acl
	}
	seen := make(map[wire.ACL]bool, len(acl))
	return slices.DeleteFunc(slices.Clone(acl), func(a wire.ACL) bool {
		was := seen[a]
		seen[a] = true
		return was
	})
}

// validDigest wants user:hash, with Java's split: trailing empty parts do not
// count.
func validDigest(id string) bool {
	return len(strings.Split(strings.TrimRight(id, ":"), ":")) == 2
}

// parseIP reads an IPv4 address with an optional prefix length.
func parseIP(s string) (addr uint32, bits int, ok bool) {
	s, prefix, masked := strings.Cut(s, "/")
	parts := strings.Split(s, ".")
	if len(parts) != 4 {
		return 0, 0, false
	}
	for _, p := range parts {
		v, err := strconv.Atoi(p)
		if err != nil || v < 0 || v > 255 {
			return 0, 0, false
		}
		addr = addr<<8 | uint32(v)
	}
	if bits = 32; masked {
		v, err := strconv.Atoi(prefix)
		if err != nil || v < 0 || v > 32 {
			return 0, 0, false
		}
		bits = v
	}
	return addr, bits, true
}

func matchIP(acl, id string) bool {
	want, bits, ok := parseIP(acl)
	have, _, ok2 := parseIP(id)
	shift := 32 - bits
	return ok && ok2 && uint64(want)>>shift == uint64(have)>>shift
}

// MaskACL hides the hashes of digest ids, for those who may not administer.
func MaskACL(acl []wire.ACL) []wire.ACL {
	out := slices.Clone(acl)
	for i := range out {
		if out[i].ID.Scheme == "digest" {
			user, _, _ := strings.Cut(out[i].ID.ID, ":")
			out[i].ID.ID = user + ":x"
		}
	}
	return out
}
