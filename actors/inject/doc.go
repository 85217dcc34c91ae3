// Package inject is where faults get into the actors of a running server: the
// seams, and, with the build tag faults, what can be done at them. Without the tag
// each seam is the thing itself, and nothing of this is in the program.
//
//	go build -tags faults -o troupe-faults ./cmd/troupe
//
// A lost message is a fault that only some must survive. Actors of one process do
// not lose messages: each relies on those of its clock, its disk and its children,
// and one that has missed one may wait for ever, or diverge; so this is for
// looking at what happens. What comes from other servers may be lost at any time:
// that is the kind Frame.
package inject

// Frame is a kind beside those of actors: what a stream from another server brings.
const Frame = "frame"
