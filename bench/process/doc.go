// Package process runs coordination servers as real processes: troupe, or Apache ZooKeeper from
// Debian's package, behind one type. Stock-client tests, differential and crash tests and
// benchmarks start their servers here, so that all of them mean the same by "started", "killed"
// and "started again on the same data".
//
// An Ensemble is several servers on one machine, each of which may be killed and restarted by itself.
//
// A server has one directory: zoo.cfg, data/, and server.log with everything it ever printed. The
// port is picked once and kept over restarts, since clients come back to it. Nothing here knows
// the client protocol beyond four-letter words; clients live in bench/client and in the tests. Spawn
// runs any other program, a stock client say, under the same promise.
//
// Data flows one way: Spec -> zoo.cfg -> command line -> Server. Whoever starts a server ends it
// with Kill or Stop; should the parent die first, Linux kills the server with it.
package process
