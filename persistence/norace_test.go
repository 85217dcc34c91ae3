//go:build !race

package persistence

// raceDetector tells whether the tests run under the race detector.
const raceDetector = false
