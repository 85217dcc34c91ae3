package stock_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The npm client: pure JavaScript, so that nothing has to be compiled.
const (
	nodePackage = "node-zookeeper-client"
	nodeVersion = "1.1.3"
)

// nodeModules installs the npm client into the user's cache, once, and returns its modules.
func nodeModules(ctx context.Context) (string, error) {
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			return "", fmt.Errorf("node and npm are needed: %w", err)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, "troupe-stock", nodePackage+"-"+nodeVersion)
	modules := filepath.Join(home, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules, nil
	}
	// Two tests at once may both install; each does so aside, and the first to finish counts.
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		return "", err
	}
	aside, err := os.MkdirTemp(filepath.Dir(home), "install-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(aside)
	ctx, cancel := context.WithTimeout(ctx, suiteTime)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "install", "--prefix", aside, "--no-audit", "--no-fund", "--ignore-scripts",
		"--prefer-offline", "--fetch-retries=1", nodePackage+"@"+nodeVersion)
	if out, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm package %s@%s is needed: %w\n%s", nodePackage, nodeVersion, err, out)
	}
	if err := os.Rename(aside, home); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	return modules, nil
}

// nodeCommand runs a script with the npm client in reach.
func nodeCommand(t *testing.T, modules, script string, args ...string) *exec.Cmd {
	cmd := exec.Command("node", append([]string{testdata(t, script)}, args...)...)
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	return cmd
}

func TestNode(t *testing.T) { everywhere(t, nodeSuite) }

func nodeSuite(t *testing.T, f form) {
	modules, err := nodeModules(t.Context())
	need(t, err)
	runSuite(t, f, nodeCommand(t, modules, "node/suite.js", shared(t, f).here))
}
