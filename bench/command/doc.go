// Package command is "troupe bench" on the command line: flags become
// load.Options, the report becomes tables on standard output and a file of JSON.
// Its hidden subcommand serves the ceiling, in a process of its own. Nothing is
// measured here.
package command
