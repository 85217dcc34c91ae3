// Package config reads a zoo.cfg into the one Config that the whole program
// is started with.
//
// It owns the meaning of every key: which work, which are accepted without
// effect (a Warning), and which refuse the start because ignoring them would
// open what the file's author meant to keep shut or change who decides (a
// Problem). It does not open listeners, create directories or look at what is
// in them; except under Load nothing here touches a file or the environment.
//
// Data flows one way: bytes -> properties (properties.go, the Java properties
// format) -> one rule per key (settings.go, server.go for server.N, quorum.go,
// tls.go and secret.go for what is between servers, inert.go for keys without
// effect, refused.go) -> checks across keys (check.go) -> Config. Nobody else
// parses or validates.
//
// A file may write a key as in the administrator's guide (skipACL), as the Java
// system property (zookeeper.skipACL) or as the flag that sets it
// (-Dzookeeper.skipACL). Where Apache ZooKeeper would read such a key from the
// command line only (jute.maxbuffer, znode.container.checkIntervalMs), the file
// is enough here.
//
// A file without server lines, or with one, is that of a server alone. Of the two
// ports in a server line, servers talk over the first; the second, for elections,
// is there for Apache ZooKeeper and is not used. Keys of our own: peerTimeout, in
// milliseconds, after which a silent server counts as gone; quorumSecret or
// quorumSecretFile, the secret that all servers of an ensemble have (the
// environment may give it as TROUPE_QUORUM_SECRET); trustEmptyServers, for one
// start, which lets servers vote that have lost their data.
//
// What differs from Apache ZooKeeper, on purpose: a missing clientPort is
// refused rather than a server nobody can reach; numbers that do not parse are
// refused rather than replaced by a default; every switch takes true, false, yes
// and no, with a warning where the original would not have obeyed and gone on
// protecting (skipACL=true, forceSync=false); TTL nodes are on unless
// extendedTypesEnabled=false; 4lw.commands.whitelist is exact, so it can also
// switch srvr off.
package config
