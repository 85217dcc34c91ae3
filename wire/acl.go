package wire

// Perm is a set of permissions.
type Perm int32

// The permissions of an ACL.
const (
	PermRead   Perm = 1
	PermWrite  Perm = 2
	PermCreate Perm = 4
	PermDelete Perm = 8
	PermAdmin  Perm = 16
	PermAll    Perm = 31
)

// ID is who somebody is under an authentication scheme.
type ID struct{ Scheme, ID string }

// ACL grants permissions to an id.
type ACL struct {
	Perms Perm
	ID    ID
}

// OpenACL lets everybody do everything.
var OpenACL = []ACL{{PermAll, ID{"world", "anyone"}}}

// ReadACL lets everybody read.
var ReadACL = []ACL{{PermRead, ID{"world", "anyone"}}}

// NullID stands for an id that is null on the wire, which the original stumbles
// over. It is no id of any scheme.
const NullID = "\x00"

const minACLBytes = 12 // perms and two empty strings

func (e *Encoder) acls(v []ACL) {
	e.Int32(int32(len(v)))
	for _, a := range v {
		e.Int32(int32(a.Perms))
		e.String(a.ID.Scheme)
		e.String(a.ID.ID)
	}
}

func (d *Decoder) acls() []ACL {
	n := d.Count(minACLBytes)
	if n == 0 {
		return nil
	}
	v := make([]ACL, n)
	for i := range v {
		v[i] = ACL{Perm(d.Int32()), ID{Scheme: d.String()}}
		id, null := d.nullString()
		if null {
			id = NullID
		}
		v[i].ID.ID = id
	}
	return v
}
