package faulty

import (
	"bytes"
	"errors"
)

// LosePower writes what PowerLoss returns to the storages below, if they are real
// ones: those of directories that are open. Nothing can be done with the disk
// afterwards, and whoever has used it had better end.
func (d *Disk) LosePower() error {
	left, err := d.PowerLoss()
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, a := range d.dirs {
		if !a.closed {
			err = errors.Join(err, a.become(left.dirs[name].base.(*memory)))
		}
	}
	return err
}

// become changes the storage below to what another holds.
func (a *directory) become(m *memory) error {
	for fd := range a.files {
		if _, ok := m.files[fd]; !ok {
			if err := a.base.Remove(fd); err != nil {
				return err
			}
		}
	}
	for fd, want := range m.files {
		if got, err := content(a.base, fd); err == nil && bytes.Equal(got, want) {
			continue
		}
		w, err := a.base.Create(fd)
		if err != nil {
			return err
		}
		_, err = w.Write(want)
		if err = errors.Join(err, w.Close()); err != nil {
			return err
		}
	}
	return nil
}
