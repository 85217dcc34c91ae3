package stock_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"troupe/bench/process"
)

// recipeJars hold the recipes that come with the Java client.
var recipeJars = []string{
	"/usr/share/java/zookeeper-recipes-lock.jar",
	"/usr/share/java/zookeeper-recipes-election.jar",
	"/usr/share/java/zookeeper-recipes-queue.jar",
}

// javaMissing says what keeps the Java client's suite from being compiled and run.
func javaMissing() error {
	missing := []error{process.Available(process.Apache), program("javac", "default-jdk-headless")}
	for _, jar := range recipeJars {
		if _, err := os.Stat(jar); err != nil {
			missing = append(missing, fmt.Errorf("Debian's package libzookeeper-java is needed: %w", err))
		}
	}
	return errors.Join(missing...)
}

// compileJava compiles the programs in testdata/java, once, and returns the class path to run them.
var compileJava = sync.OnceValues(func() (string, error) {
	sources, err := filepath.Glob("testdata/java/*.java")
	if err != nil {
		return "", err
	}
	classes := filepath.Join(rig.dir, "classes")
	path := strings.Join(append([]string{classes, process.ClassPath}, recipeJars...), ":")
	args := append([]string{"-proc:none", "-d", classes, "-cp", path}, sources...)
	if out, err := exec.Command("javac", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("javac: %w\n%s", err, out)
	}
	return path, nil
})

// javaCommand runs one of the programs in testdata/java.
func javaCommand(t *testing.T, class string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := compileJava()
	if err != nil {
		t.Fatal(err)
	}
	options := []string{
		"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=off", "-cp", path, class,
	}
	return exec.Command("java", append(options, args...)...)
}

func TestJava(t *testing.T) { everywhere(t, javaSuite) }

func javaSuite(t *testing.T, f form) {
	need(t, javaMissing())
	runSuite(t, f, javaCommand(t, "Suite", shared(t, f).here))
}
