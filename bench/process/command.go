package process

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Where Debian's packages libzookeeper-java and libslf4j-java put their jars. The manifest of
// zookeeper.jar names all others that it needs.
const (
	zookeeperJar = "/usr/share/java/zookeeper.jar"
	slf4jJar     = "/usr/share/java/slf4j-simple.jar"
)

// ClassPath is the Java class path with which Debian's ZooKeeper runs, as server or as client.
// It logs to standard error.
const ClassPath = zookeeperJar + ":" + slf4jJar

const defaultHeap = "512m"

// Available says whether servers of this kind can be run on this machine; the error names what is
// missing.
func Available(kind Kind) error {
	program := "go"
	if kind == Apache {
		program = "java"
		for _, jar := range []string{zookeeperJar, slf4jJar} {
			if _, err := os.Stat(jar); err != nil {
				return fmt.Errorf("the packages zookeeper and libslf4j-java of Debian are needed: %w", err)
			}
		}
	}
	if _, err := exec.LookPath(program); err != nil {
		return fmt.Errorf("cannot run a server of kind %s: %w", kind, err)
	}
	return nil
}

// Build compiles the troupe program into dir and returns its path, for Spec.Binary. The working
// directory must be inside the module, as it is in tests.
func Build(ctx context.Context, dir string) (string, error) { return build(ctx, dir, "") }

func build(ctx context.Context, dir, tags string) (string, error) {
	binary := filepath.Join(dir, "troupe")
	out, err := exec.CommandContext(ctx, "go", "build", "-tags", tags, "-o", binary, "troupe/cmd/troupe").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build troupe/cmd/troupe: %w\n%s", err, bytes.TrimSpace(out))
	}
	return binary, nil
}

// command is the server's command line, not yet started.
func command(spec Spec) (*exec.Cmd, error) {
	config := filepath.Join(spec.Dir, configName)
	env := os.Environ()
	var cmd *exec.Cmd
	switch spec.Kind {
	case Troupe:
		if spec.Binary == "" {
			return nil, fmt.Errorf("no binary given for a server of kind %s", spec.Kind)
		}
		cmd = exec.Command(spec.Binary, append([]string{"server", "--config", config}, spec.Args...)...)
		env = append(env, faultsVariable+"="+faultsName)
	case Apache:
		cmd = javaCommand(spec, config)
	default:
		return nil, fmt.Errorf("unknown kind of server %q", spec.Kind)
	}
	cmd.Dir = spec.Dir
	cmd.Env = append(env, spec.Env...)
	return cmd, nil
}

func javaCommand(spec Spec, config string) *exec.Cmd {
	java, heap := spec.Binary, spec.Heap
	if java == "" {
		java = "java"
	}
	if heap == "" {
		heap = defaultHeap
	}
	args := []string{
		"-Xmx" + heap,
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
		"-Dorg.slf4j.simpleLogger.showDateTime=true",
		"-Dzookeeper.jmx.log4j.disable=true",
	}
	args = append(args, spec.Args...)
	args = append(args, "-cp", ClassPath, "org.apache.zookeeper.server.quorum.QuorumPeerMain", config)
	return exec.Command(java, args...)
}
