// Package model says what ensembles would do that no one machine can hold: up to
// 13 voters and 100 observers, each on a machine of its own.
//
// Costs are fitted to a sweep's measured processor time and bytes per operation
// (fit.go); Predict finds which of leader, others, network and disk is the first to
// give out (predict.go); Check compares what the same costs say of the one machine
// of the sweep with what was measured on it. There is no I/O here.
//
//	sweep.Report -> Fit -> Costs -> Predict -> tables, charts
//
// What is assumed is written down in Assumptions, which every table carries.
package model
