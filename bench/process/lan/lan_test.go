package lan

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"
)

// withheld says why there is no private network, if there is none.
var withheld error

func TestMain(m *testing.M) {
	inside, status, err := Private()
	switch {
	case err != nil:
		withheld = err
	case !inside:
		os.Exit(status)
	}
	os.Exit(m.Run())
}

func newLAN(t *testing.T, hosts int) *LAN {
	t.Helper()
	if withheld != nil {
		t.Skip(withheld)
	}
	l, err := New(hosts, 1)
	if err != nil {
		if errors.Is(err, os.ErrPermission) || errors.Is(err, os.ErrNotExist) {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// at does something on a host.
func at(t *testing.T, l *LAN, host int, do func() error) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked
		err := l.Enter(host)
		if err == nil {
			err = do()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// echo sends back what it gets, on a host.
func echo(t *testing.T, l *LAN, host int) (addr string) {
	t.Helper()
	at(t, l, host, func() error {
		listener, err := net.Listen("tcp", IP(host)+":0")
		if err != nil {
			return err
		}
		t.Cleanup(func() { listener.Close() })
		addr = listener.Addr().String()
		go func() {
			for {
				c, err := listener.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					_, _ = io.Copy(c, c) // ends with the connection
				}()
			}
		}()
		return nil
	})
	return addr
}

func dial(t *testing.T, l *LAN, from int, addr string) (c net.Conn) {
	t.Helper()
	to := func() (err error) {
		c, err = net.DialTimeout("tcp", addr, 10*time.Second)
		return err
	}
	if from == 0 {
		if err := to(); err != nil {
			t.Fatal(err)
		}
	} else {
		at(t, l, from, to)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// says sends a word and waits for it to come back, for so long.
func says(c net.Conn, word string, d time.Duration) error {
	if _, err := io.WriteString(c, word); err != nil {
		return err
	}
	return hears(c, word, d)
}

func hears(c net.Conn, word string, d time.Duration) error {
	if err := c.SetReadDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	got := make([]byte, len(word))
	if _, err := io.ReadFull(c, got); err != nil {
		return err
	}
	if string(got) != word {
		return fmt.Errorf("heard %q, want %q", got, word)
	}
	return nil
}

const soon, long = 300 * time.Millisecond, 20 * time.Second

// TestLAN_Cut: what is cut is lost without a sign in that direction only, and what TCP has to say comes
// through later.
func TestLAN_Cut(t *testing.T) {
	l := newLAN(t, 3)
	first := echo(t, l, 1)
	mine, other, third := dial(t, l, 0, first), dial(t, l, 2, first), dial(t, l, 3, first)
	for _, c := range []net.Conn{mine, other, third} {
		if err := says(c, "hello", long); err != nil {
			t.Fatal(err)
		}
	}
	for _, cut := range [][2]int{{1, 2}, {2, 1}} {
		l.Set(cut[0], cut[1], Cut)
		if err := says(other, "lost", soon); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%v is cut: %v", cut, err)
		}
		if err := errors.Join(says(mine, "beside", long), says(third, "beside", long)); err != nil {
			t.Fatalf("%v is cut: %v", cut, err)
		}
		l.Heal()
		if err := hears(other, "lost", long); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLAN_Delay: a path that is late is late in its direction, and keeps the order.
func TestLAN_Delay(t *testing.T) {
	l := newLAN(t, 1)
	c := dial(t, l, 0, echo(t, l, 1))
	const delay = 100 * time.Millisecond
	l.Set(1, 0, Path{Delay: delay, Jitter: delay / 2})
	for i := range 10 {
		if _, err := fmt.Fprintf(c, "%d ", i); err != nil {
			t.Fatal(err)
		}
	}
	begun := time.Now()
	if err := hears(c, "0 1 2 3 4 5 6 7 8 9 ", long); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < delay/2 {
		t.Errorf("came back after %v", took)
	}
}

// TestLAN_HealsWhatIsLate: the end of a delay is one for what is under way, too.
func TestLAN_HealsWhatIsLate(t *testing.T) {
	l := newLAN(t, 1)
	c := dial(t, l, 0, echo(t, l, 1))
	l.Set(1, 0, Path{Delay: time.Hour})
	for i := range 10 {
		if _, err := fmt.Fprintf(c, "%d ", i); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond) // so that there are several packets
	}
	if err := hears(c, "0", soon); err == nil {
		t.Fatal("it is not late")
	}
	l.Heal()
	if err := hears(c, "0 1 2 3 4 5 6 7 8 9 ", long); err != nil {
		t.Fatal(err)
	}
}

// TestLAN_Loss: much is lost, and TCP brings all of it in the end.
func TestLAN_Loss(t *testing.T) {
	l := newLAN(t, 2)
	c := dial(t, l, 2, echo(t, l, 1))
	l.Set(2, 1, Path{Loss: 0.3})
	l.Set(1, 2, Path{Loss: 0.3})
	for i := range 10 {
		if err := says(c, fmt.Sprint("word ", i), long); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPrivate: nothing of the machine's network is to be seen here.
func TestPrivate(t *testing.T) {
	newLAN(t, 1)
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.Name != "lo" && i.Name != "lan0" {
			t.Errorf("interface %s", i.Name)
		}
	}
}
