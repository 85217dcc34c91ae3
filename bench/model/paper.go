package model

// Paper is throughput in operations per second by number of servers, with reads
// only and with writes only: table 1 of Hunt, Konar, Junqueira and Reed,
// "ZooKeeper: Wait-free coordination for Internet-scale systems", USENIX ATC 2010.
var Paper = []struct {
	Servers       int
	Reads, Writes float64
}{{3, 87_000, 21_000}, {5, 165_000, 18_000}, {7, 257_000, 14_000}, {9, 296_000, 12_000}, {13, 460_000, 8_000}}
