// Package ensemble runs a whole ensemble on this machine, for trying out and for
// development: what "troupe ensemble" does.
//
// Each server is a process of its own, as it would be on a machine of its own,
// with a directory server.N that has its zoo.cfg, its data and its log. This
// package writes the files (files.go), starts the processes, tells what becomes
// of them, and ends them in order (run.go). It decides nothing that the servers
// do, and knows of them only what srvr and their logs say.
package ensemble
