// Package version says which version of this program runs, and which version of
// ZooKeeper it tells clients that it is.
//
// The number stands here; the commit and its time come from what the Go tool
// puts into a binary that is built from a checkout.
package version
