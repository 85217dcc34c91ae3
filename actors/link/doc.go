// Package link carries quorum traffic between two servers, on Proto.Actor's
// remote. Remote delivers at most once and does not tell what it has lost; a
// link is either up, and then brings every message in order, or broken, and then
// says so on both sides.
//
// A Network is a server's end of all links: the remote, with a guard that lets
// nothing through but frames of peers that have shown who they are, and a dialer
// with a handle to cut each stream. A Link is the actor for one other server: it
// shakes hands, judges silence, and opens and shuts the lane, on which messages go
// past it:
//
//	owner --Send--> lane --frames--> remote ... guard --Deliver--> owner
//	Link  --hello, heartbeat, goodbye--> remote ... guard --greeting, pulse, broken--> Link
//
// There is one stream in each direction. On each, a Hello says who speaks and
// carries the number of the link in that direction and an echo of the other's;
// who gets its own number back knows that both directions work, and is up. All
// that follows carries that number and a sequence number. A gap, another link's
// number, an ended stream, or silence in either direction for longer than
// PeerTimeout breaks the link: both streams are cut, and the servers shake hands
// anew.
//
// What the messages say is the owner's business, and so is how much is in
// flight: nothing here pushes back.
package link
