// Package quorum hurts ensembles of real servers: it kills, pauses, stops, wipes and cuts them off under
// load, sets them up wrongly, and looks at what clients and operators see. It has tests only.
//
// Writers (type load) keep requests under way all the time and move to another server when theirs is gone.
// Each has one session for the whole test. Their sequential creates carry data that tell one from the
// other, so that at the end every acknowledged one must be there, at the path and zxid that were
// acknowledged, none twice, none from nowhere, and in the order in which the session sent them, also over
// its connections: what was under way on an abandoned one is there before all that came later, or never.
// A counter that is set with its version tells the same of updates. Then all servers must agree: same
// zxid, same tree, every stat and every byte.
//
//	load (what was acknowledged) + snapshot of every server -> complaints
//
// TROUPE_QUORUM_MINUTES, a number, says for how long TestKill_* and TestPause_* go on, each; without it they
// are short, and what takes long by itself is left out.
package quorum
