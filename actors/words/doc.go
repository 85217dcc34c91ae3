// Package words answers the four-letter words in the format of Apache ZooKeeper
// 3.8, which probes and monitors parse.
//
// It decides who is answered what: whether the whitelist has the word, what of
// the tree's description it wants, and how the answer reads. It knows neither
// sockets nor actors: a session actor reads the word, has the tree describe
// itself if Needs says so, and writes what Answer gives.
//
//	config, metrics.Registry, tree.Description -> Answer -> bytes
//
// What differs from the original, on purpose:
//   - conf, dirs, crst and srst are answered before the server serves, too;
//   - dump lists sessions with their timeouts, as the original's followers do,
//     rather than by the moment at which each would expire;
//   - hash has one line, for the last zxid applied, and our digest;
//   - mntr has the original's names for what exists here, and names of our own
//     for the rest;
//   - envi has java.version=<NA>, in the original's spelling of what is not there.
package words
