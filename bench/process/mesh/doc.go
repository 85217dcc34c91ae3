// Package mesh runs an ensemble whose servers are set up one by one: each may have lines of zoo.cfg of
// its own, start when it is told to, lose its data, and, if asked for, be cut off from the others
// without a sign, in one direction or both.
//
// Nobody needs to be root for the cuts: in the zoo.cfg of a server that is to be Cuttable, the others'
// addresses are those of proxies in this process, one for each ordered pair. What a closed gate holds
// back goes on once it is open again, as TCP sends again what the network has lost; the ends of
// connections are held back as well.
//
//	server.1 -> link 1>2 -> gate 1>2 -> server.2
//	         <-          <- gate 2>1 <-
//
// With a LAN (package lan) each server has a host of its own there instead, and what is cut is lost.
package mesh
