package ensemble

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"troupe/actors/config"
	"troupe/wire"
)

// secretName is the file in the ensemble's directory by which its servers know
// each other.
const secretName = "quorum.secret"

// prepare writes what is not there yet. What is there has to fit the plan.
func prepare(all []member) error {
	dir := filepath.Dir(all[0].dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("directory of the ensemble: %w", err)
	}
	secret := filepath.Join(dir, secretName)
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return fmt.Errorf("secret of the ensemble: %w", err)
	}
	if err := writeNew(secret, hex.EncodeToString(random)+"\n", 0o600); err != nil {
		return err
	}
	for _, m := range all {
		if err := os.MkdirAll(m.dataDir(), 0o755); err != nil {
			return fmt.Errorf("directory of %s: %w", m.name(), err)
		}
		err := errors.Join(writeNew(m.config(), m.zooCfg(all, secret), 0o644),
			writeNew(m.myIDFile(), fmt.Sprintln(m.id), 0o644))
		if err != nil {
			return err
		}
		if err := m.fits(all); err != nil {
			return err
		}
	}
	return nil
}

// writeNew writes a file, unless there is one.
func writeNew(path, content string, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("write a file of the ensemble: %w", err)
	}
	_, err = f.WriteString(content)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write a file of the ensemble: %w", err)
	}
	return nil
}

// fits says whether a server's files are those of the plan, whatever else was
// added to them.
func (m member) fits(all []member) error {
	cfg, _, err := config.Load(m.config())
	if err != nil {
		return err
	}
	listed := slices.EqualFunc(cfg.Servers, all, func(s config.Server, other member) bool {
		return int(s.ID) == other.id && s.Host == host && s.QuorumPort == other.quorum && (s.Role == config.Observer) == other.observer
	})
	if !listed || cfg.ClientPort != m.client || cfg.MyID != wire.ServerID(m.id) || cfg.DataDir != m.dataDir() {
		return fmt.Errorf("%s is that of another ensemble: it was made with other ports, servers or observers. "+
			"Say the same ones again, or another directory", m.config())
	}
	return nil
}
