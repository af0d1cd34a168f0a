package terminal

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// pty opens a terminal: what is written to the keyboard is typed on it.
func pty(t *testing.T) (keyboard, tty *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keyboard.Close() })
	n, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	return keyboard, tty
}

// display is what a terminal shows.
type display struct {
	mu   sync.Mutex // guards what follows
	text bytes.Buffer
}

func (d *display) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.Write(p)
}

func (d *display) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.String()
}

// TestTerminalAsks presses Ctrl-C and Ctrl-D on a real terminal. Each is one key press, so that asking before leaving works; the line
// that was begun is given up, the history of lines stays.
func TestTerminalAsks(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"\x03", "\x04"} {
		keyboard, tty := pty(t)
		screen := &display{}
		ui := New(tty, screen)
		if !ui.Interactive {
			t.Fatal("a terminal is none")
		}
		ui.Prompt("ready> ")
		pressed := make(chan int)
		presses := 0
		ui.Again = func() bool {
			presses++
			ui.Print(fmt.Sprintf("-- pressed %d times", presses))
			pressed <- presses
			return presses < 3
		}
		lines := make(chan string, 8)
		ended := make(chan struct{})
		go func() {
			ui.Read(context.Background(), lines)
			close(ended)
		}()
		typeIn := func(text string) {
			if _, err := io.WriteString(keyboard, text); err != nil {
				t.Fatal(err)
			}
		}
		typeIn("first\r")
		if got := <-lines; got != "first" {
			t.Errorf("the line is %q", got)
		}
		if key == "\x03" {
			typeIn("half a li")
		}
		typeIn(key)
		if n := <-pressed; n != 1 {
			t.Errorf("one press is %d", n)
		}
		typeIn("second\r")
		typeIn("\x1b[A\x1b[A\r") // up twice: what was first
		if got := []string{<-lines, <-lines}; !slices.Equal(got, []string{"second", "first"}) {
			t.Errorf("behind %q the lines are %q", key, got)
		}
		typeIn(key)
		<-pressed
		typeIn(key)
		if n := <-pressed; n != 3 {
			t.Errorf("three presses are %d", n)
		}
		<-ended
		ui.Close()
		if text := screen.String(); strings.Contains(text, "li-- pressed") || !strings.Contains(text, "ready> ") || strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\n") {
			t.Errorf("it shows %q", text)
		}
	}
}
