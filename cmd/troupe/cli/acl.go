package cli

import (
	"fmt"
	"strings"

	"troupe/wire"
)

// permLetters are the permissions in the order in which they are printed.
var permLetters = []struct {
	letter rune
	perm   wire.Perm
}{{'c', wire.PermCreate}, {'d', wire.PermDelete}, {'r', wire.PermRead}, {'w', wire.PermWrite}, {'a', wire.PermAdmin}}

func permString(p wire.Perm) string {
	var b strings.Builder
	for _, l := range permLetters {
		if p&l.perm != 0 {
			b.WriteRune(l.letter)
		}
	}
	return b.String()
}

// parseACL reads scheme:id:perms[,...]. As in zkCli, what cannot be read is
// warned of and left out.
func (c *call) parseACL(s string) (acl []wire.ACL) {
	for part := range strings.SplitSeq(s, ",") {
		first, last := strings.IndexByte(part, ':'), strings.LastIndexByte(part, ':')
		if first == last {
			c.warn(part + " does not have the form scheme:id:perm")
			continue
		}
		acl = append(acl, wire.ACL{Perms: c.parsePerms(part[last+1:]),
			ID: wire.ID{Scheme: part[:first], ID: part[first+1 : last]}})
	}
	return acl
}

func (c *call) parsePerms(s string) (perms wire.Perm) {
	for _, r := range s {
		known := false
		for _, l := range permLetters {
			if l.letter == r {
				perms |= l.perm
				known = true
			}
		}
		if !known {
			c.warn(fmt.Sprintf("Unknown perm type: %c", r))
		}
	}
	return perms
}
