// Package watch keeps who waits for what: one-shot data, exist and child
// watches, persistent and persistent recursive ones. It is plain data: the tree
// actor sets watches together with the read that asks for them, and asks which
// connections an event concerns. It does not know what a connection is, what
// the tree holds, or who may read what.
package watch
