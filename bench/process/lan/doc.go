// Package lan is a network of its own for servers under test: each is a host in a
// network namespace, and all that goes between them passes a switch in this
// process, which loses packets and delays them, for each direction of each pair of
// hosts. To the servers it is a network like any other: what is lost is lost
// without a sign, and their kernels send it again.
//
//	server.1 -- tun -- \                / -- tun -- this process (host 0)
//	server.2 -- tun -- -- LAN.forward --
//	server.3 -- tun -- /
//
// It needs Linux. The process that makes a LAN is in a network of its own itself
// (Private), so that nothing is changed on the machine, and nothing is left behind
// however it ends. That takes root's rights or unprivileged user namespaces, and
// /dev/net/tun.
package lan
