// Command charts draws the results of "troupe bench sweep", and what they predict
// of larger ensembles:
//
//	go run ./bench/cmd/charts --out DIR sweep.json
//
// It is not part of troupe because the drawing library would make the server's
// binary a quarter larger.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"troupe/bench/chart"
	"troupe/bench/sweep"
)

func main() {
	out := flag.String("out", ".", "directory of the pictures, made if missing")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: charts [--out DIR] sweep.json")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(results, out string) error {
	file, err := os.Open(results)
	if err != nil {
		return err
	}
	report, err := sweep.ReadJSON(file)
	if err := errors.Join(err, file.Close(), os.MkdirAll(out, 0o755)); err != nil {
		return err
	}
	for _, c := range append(chart.OfSweep(report), chart.OfModel(report)...) {
		files, err := c.Save(out)
		if err != nil {
			return err
		}
		for _, name := range files {
			fmt.Println(name)
		}
	}
	return nil
}
