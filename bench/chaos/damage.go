package chaos

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// damage ends a follower and damages its files. What it does not find at its start it
// may find at a later one.
func damage(how func(data string, rnd *rand.Rand) error) func(*scene) error {
	return func(s *scene) error {
		v := s.victims(follower)[0]
		if err := s.replace(v); err != nil {
			return err
		}
		s.rotten[v] = true
		s.revive = append(s.revive, s.restart(v))
		if err := s.away(syscall.SIGKILL, v); err != nil {
			return err
		}
		return how(filepath.Join(s.Dir(v), "data"), s.rnd)
	}
}

// replace gives empty disks to servers that were damaged before, but for v, so that
// one is damaged at a time: more would be no minority.
func (s *scene) replace(v int) error {
	for r := range s.rotten {
		if r == v {
			continue
		}
		if err := s.away(syscall.SIGKILL, r); err != nil {
			return err
		}
		if err := s.renew(r); err != nil {
			return err
		}
	}
	return nil
}

// renew starts a server on empty disks.
func (s *scene) renew(v int) error {
	delete(s.rotten, v)
	return errors.Join(s.Wipe(v), s.Ensemble.Start(s.ctx, v))
}

// start starts servers, all if none is named. One that was damaged and ends because of
// what it finds is given empty disks, as its operator would.
func (s *scene) start(which ...int) error {
	err := s.Ensemble.Start(s.ctx, which...)
	if err == nil || s.ctx.Err() != nil || !strings.Contains(err.Error(), "damaged") {
		return err
	}
	for v := range s.rotten {
		if !s.Servers[v].Running() {
			return errors.Join(s.renew(v), s.Ensemble.Start(s.ctx, which...))
		}
	}
	return err
}

// tear cuts off what a crash may leave of the newest writes to the log: some bytes
// before its end.
func tear(data string, rnd *rand.Rand) error {
	const most = 300
	name, err := newestJournal(filepath.Join(data, "troupe"))
	if err != nil {
		return err
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	end := len(bytes.TrimRight(content, "\x00")) // written ahead
	return os.Truncate(name, int64(max(end-1-rnd.IntN(most), 0)))
}

// newestJournal is the one of the log that was written to last. The log may be in
// log, in log.2 and so on after it has been replaced, and in segments below.
func newestJournal(dir string) (name string, err error) {
	var newest time.Time
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && path != dir && !strings.HasPrefix(strings.TrimPrefix(path, dir), "/log") {
			return cmp.Or(err, fs.SkipDir)
		}
		if filepath.Ext(path) != ".log" || d.IsDir() {
			return nil
		}
		info, err := d.Info()
		if err == nil && info.ModTime().After(newest) {
			name, newest = path, info.ModTime()
		}
		return err
	})
	if err == nil && name == "" {
		err = fmt.Errorf("no journal of a log in %s", dir)
	}
	return name, err
}

// flip flips one bit of a file of the log or the state.
func flip(data string, rnd *rand.Rand) error {
	var files []string
	err := filepath.WalkDir(filepath.Join(data, "troupe"), func(path string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err == nil && d.Type().IsRegular() && (ext == ".log" || ext == ".ldb") {
			files = append(files, path)
		}
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no files in %s", data)
	}
	if err != nil {
		return err
	}
	f, err := os.OpenFile(files[rnd.IntN(len(files))], os.O_RDWR, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return errors.Join(err, f.Close())
	}
	at, one := rnd.Int64N(info.Size()), make([]byte, 1)
	if _, err = f.ReadAt(one, at); err == nil {
		one[0] ^= 1 << rnd.IntN(8)
		_, err = f.WriteAt(one, at)
	}
	return errors.Join(err, f.Close())
}
