//go:build !faults

package main

import (
	"github.com/rs/zerolog"

	"troupe/actors"
	"troupe/persistence"
)

// faults are injected into a server that is built for it: see faults.go.
type faults struct{}

func (faults) open() (real persistence.Options, err error) { return real, nil }

func (faults) serve(*actors.Server, zerolog.Logger) {}
