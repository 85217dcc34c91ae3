// Package cli is the shell, "troupe cli": zkCli's commands with zkCli's names,
// flags and output, on a terminal, from a pipe, or one command given as
// arguments.
//
// What is typed goes one way: words (splitting and quoting) -> command (the
// table; flags) -> the command's function in the file of its family (read,
// write, watch, quota, session) -> answer (lines of text, or one JSON object)
// -> printer. Watch events come in from the client's reader and go to the same
// printer.
//
// Talking to servers is bench/client's business; the shell adds what zkCli does
// around it: it checks paths before it sends them, walks trees, and words errors.
package cli
