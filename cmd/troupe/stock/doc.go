// Package stock holds no code, only tests: it takes clients that other people wrote for ZooKeeper,
// unchanged, and drives them through everything they can do against a running server. They are
// Debian's zkCli.sh, cli_mt, kazoo and Java client with their recipes, go-zookeeper/zk, and
// node-zookeeper-client from npm.
//
// Each does so twice: against a server of its own, and through the followers of an ensemble of three
// (see servers_test.go), where clients that meet are on different servers if they ask for what they
// must see (sync), and on one if they take it for granted.
//
// The server is this module's own, built once. With TROUPE_STOCK_TARGET=apache it is Apache
// ZooKeeper, which is how the suite itself is checked: what it demands is what the original does.
// A client that is not installed skips its tests, or fails them if TROUPE_REQUIRE_STOCK=1 is set.
//
// Interactive programs follow scripts, testdata/*.txt (see console_test.go); Python, Java and
// JavaScript have suites of their own in testdata, whose cases become subtests here (see
// suite_test.go). restart_test.go has all clients live through a kill -9 of all servers together, failover_test.go
// through the loss of the leader and of a follower.
package stock
