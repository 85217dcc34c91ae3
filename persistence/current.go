package persistence

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// pair is the number of a state and the log that goes with it. Their first
// directories have no number in their names.
type pair uint32

const firstPair pair = 1

const (
	stateName = "state"
	logName   = "log"
)

// name is that of the pair's state or log.
func (p pair) name(kind string) string {
	if p == firstPair {
		return kind
	}
	return fmt.Sprintf("%s.%d", kind, p)
}

// parsePair reads a name of that kind, as name writes it.
func parsePair(kind, name string) (p pair, ok bool) {
	if name == kind {
		return firstPair, true
	}
	digits, ok := strings.CutPrefix(name, kind+".")
	n, err := strconv.ParseUint(digits, 10, 32)
	p = pair(n)
	return p, ok && err == nil && p > firstPair && p.name(kind) == name
}

// currentFile names the directories in use. While there is none, they are the
// first pair.
const currentFile = "current"

// currentTemp is what becomes it when it is written and synced.
const currentTemp = "current.tmp"

// currentVersion is the version of it that is written, and the latest that is
// read.
const currentVersion = 1

// currentHead begins the file in all versions; the version follows.
const currentHead = "troupe current "

// encodeCurrent is the content of the file, four lines.
func encodeCurrent(p pair) []byte {
	b := fmt.Appendf(nil, "%s%d\nstate %s\nlog %s\n", currentHead, currentVersion, p.name(stateName), p.name(logName))
	return fmt.Appendf(b, "crc32c %08x\n", crc32.Checksum(b, castagnoli))
}

// decodeCurrent reads it: errBadBytes if it is not one, ErrNewerFormat if it is
// one of a later version.
func decodeCurrent(b []byte) (pair, error) {
	head, rest, _ := bytes.Cut(b, []byte("\n"))
	digits, ok := strings.CutPrefix(string(head), currentHead)
	version, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil || version == 0 {
		return 0, badBytes("file %s is not one of this program", currentFile)
	}
	if version > currentVersion {
		return 0, fmt.Errorf("%w: file %s of version %d, this version reads %d",
			ErrNewerFormat, currentFile, version, currentVersion)
	}
	state, _, _ := bytes.Cut(rest, []byte("\n"))
	p, ok := parsePair(stateName, strings.TrimPrefix(string(state), "state "))
	if !ok || !bytes.Equal(b, encodeCurrent(p)) {
		return 0, badBytes("file %s does not match its checksum", currentFile)
	}
	return p, nil
}
