package stock_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// Debian's Python; another one on the path would not see Debian's packages.
const python = "/usr/bin/python3"

// kazooMissing says what keeps kazoo from running.
func kazooMissing() error {
	if out, err := exec.Command(python, "-c", "import kazoo").CombinedOutput(); err != nil {
		return fmt.Errorf("Debian's package python3-kazoo is needed: %w: %s", err, out)
	}
	return nil
}

func pythonCommand(t *testing.T, script string, args ...string) *exec.Cmd {
	cmd := exec.Command(python, append([]string{testdata(t, script)}, args...)...)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	return cmd
}

func TestKazoo(t *testing.T) { everywhere(t, kazooSuite) }

func kazooSuite(t *testing.T, f form) {
	need(t, kazooMissing())
	at := shared(t, f)
	cmd := pythonCommand(t, "kazoo/suite.py", at.here)
	cmd.Env = append(cmd.Env, "TROUPE_STOCK_SPREAD="+spread(t, at))
	runSuite(t, f, cmd)
}
