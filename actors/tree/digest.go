package tree

import "troupe/wire"

// keptDigests is how far back the tree's digests are known.
const keptDigests = 1 << 13

// digests are those of the records applied last.
type digests struct {
	ring [keptDigests]Digest
}

func (d *digests) note(z wire.Zxid, value uint64) {
	d.ring[uint64(z)%keptDigests] = Digest{z, value}
}

func (d *digests) at(z wire.Zxid) (Digest, bool) {
	e := d.ring[uint64(z)%keptDigests]
	return e, e.Zxid == z && z != 0
}

// digestAt answers DigestAt; there is no answer yet, or none any more, if it is
// false.
func (c *core) digestAt(z wire.Zxid) (Digest, bool) {
	if applied := c.tree.Applied(); z == 0 || z == applied {
		return Digest{applied, c.tree.Digest()}, true
	}
	return c.digests.at(z)
}
