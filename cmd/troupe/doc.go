// Troupe is a coordination server that speaks the ZooKeeper client protocol, and
// the shell that goes with it.
//
// Each subcommand has its file here and does no more than read its command line,
// call the package that does the work, and say what came of it: actors is the
// server, daemon what start, stop and status know of other processes, ensemble a
// local ensemble of them, cli the shell. The zoo.cfg is read in one place (config.go), and logging is set up in
// one (log.go).
//
// Exit status: 0 success, 1 failure, 2 a command line that means nothing.
package main
