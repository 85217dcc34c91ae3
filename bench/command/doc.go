// Package command is "troupe bench" on the command line: flags become options,
// the report becomes tables on standard output and a file of JSON: of package
// load, sweep for "bench sweep", failover for "bench failover".
// Its hidden subcommand serves the ceiling, in a process of its own. Nothing is
// measured here.
package command
