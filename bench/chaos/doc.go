// Package chaos is supervised failure testing: it runs an ensemble of real
// processes, drives it with sessions, hurts it by a plan that a seed makes, and
// judges what the sessions have seen. It knows servers from outside only, so
// Apache ZooKeeper's are tried in the same way.
//
//	seed -> plan -> run -> ensemble (package mesh)
//	                 |        ^
//	                 '-> sessions -> history -> checks -> report
//
// plan.go, history.go and the checks are pure: what a check finds it finds again
// in a history that was kept. An operation of which nobody knows whether it was
// carried out counts as either.
package chaos
