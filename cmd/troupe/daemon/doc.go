// Package daemon is what start, stop, restart and status need to know of a
// server that is another process: who serves a data directory, and what its
// client port says.
//
// Who serves a data directory is told by a lock, not by a file that exists. Every
// server, in the background or not, locks <dataDir>/troupe_server.pid for as long
// as it lives and writes its process id there. The kernel lets go of the lock with
// the process, however it ends, and names the process that has it: so a file left
// behind, or a process id that another program has got since, is never taken for
// a server.
//
// Whether it serves is told by its client port: by the word srvr, and where the
// whitelist does not have that, by a client's connect that resumes a session which
// cannot exist. That is answered by a server that serves, and by no other, and it
// changes nothing.
package daemon
